/** A certificate authority for the lifetime of the sandbox (RFC 5280). Its keys are in memory, never on disk. */
import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

export interface Certificate {
  /** PEM. */
  readonly certificate: string
  /** PKCS #8, PEM. */
  readonly key: string
}

export interface CertificateAuthority {
  /** The authority's own certificate, PEM, for clients to trust. */
  readonly ca: string
  /** Cached, as client certificates are: issuing one takes longer than most tests. */
  issueServerCertificate(names?: readonly string[]): Promise<Certificate>
  /** Kubernetes takes the user name from the common name. */
  issueClientCertificate(commonName: string): Promise<Certificate>
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const loopback = ['localhost', '127.0.0.1', '::1']
const dayMs = 24 * 3600 * 1000

let shared: Promise<CertificateAuthority> | undefined

/** The default authority of all sandboxes of this process: generating keys and certificates dominates start-up time. */
export function sharedAuthority(): Promise<CertificateAuthority> {
  shared ??= createCertificateAuthority()
  return shared
}

export async function createCertificateAuthority(): Promise<CertificateAuthority> {
  const keys = await generateKeys()
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: 'CN=pullpass sandbox CA',
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const issuer = { name: root.subject, keys }
  const issued = new Map<string, Promise<Certificate>>()
  const issueOnce = (purpose: string, commonName: string, extensions: () => readonly x509.Extension[]) => {
    const certificate = issued.get(purpose) ?? issue(issuer, commonName, extensions())
    issued.set(purpose, certificate)
    return certificate
  }
  return {
    ca: root.toString('pem'),
    issueServerCertificate: (names = loopback) =>
      issueOnce(`server ${names.join()}`, 'sandbox', () => [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((name) => ({ type: /^[\d.]+$|:/.test(name) ? 'ip' : 'dns', value: name })),
        ),
      ]),
    issueClientCertificate: (commonName) =>
      issueOnce(`client ${commonName}`, commonName, () => [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      ]),
  }
}

async function issue(
  issuer: { name: string; keys: webcrypto.CryptoKeyPair },
  commonName: string,
  purpose: readonly x509.Extension[],
): Promise<Certificate> {
  const keys = await generateKeys()
  const leaf = await x509.X509CertificateGenerator.create({
    ...validity(),
    subject: [{ CN: [commonName] }],
    issuer: issuer.name,
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...purpose,
    ],
  })
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { certificate: leaf.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') }
}

const generateKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

// TLS clients verify certificates with the system clock, so a sandbox with a moved clock is still reachable.
const validity = () => ({
  serialNumber: `40${randomBytes(15).toString('hex')}`, // positive for any random bytes
  notBefore: new Date(Date.now() - dayMs),
  notAfter: new Date(Date.now() + 365 * dayMs),
  signingAlgorithm: algorithm,
})
