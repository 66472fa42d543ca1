/** Certificate authorities to trust in addition to the system's: --ca-file, PULLPASS_CA_FILE. */
import { X509Certificate } from 'node:crypto'
import { type Fault, PullpassError } from '../errors/pullpass-error.ts'
import { readRegularFile, whyUnreadable } from '../host/read-file.ts'
import { showPath } from '../text/show.ts'

/** Larger than a bundle of all public authorities. Bytes. */
const longest = 4 * 1024 * 1024
const [begin, end] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----'] as const

/**
 * The certificates of `file` in PEM, each parsed once. `variable`: the environment variable that contains the path, for
 * errors. @throws CA_FILE_INVALID
 */
export async function readAuthorities(file: string, variable?: string): Promise<string> {
  const invalid = (what: string, more: Pick<Fault, 'hint' | 'cause'> = {}) =>
    invalidFile({ file, variable }, what, more)
  const bytes = await readRegularFile(file, longest).catch((error: unknown) => {
    throw invalid(whyUnreadable(error), { cause: error, hint: 'correct the path, or let this user read the file' })
  })
  const certificates = certificatesIn(bytes.toString('utf8'))
  if (certificates.length === 0) throw invalid('contains no certificate')
  certificates.forEach((certificate, index) => {
    if (isCertificate(certificate)) return
    throw invalid(`contains a certificate that cannot be parsed: number ${index + 1} of ${certificates.length}`)
  })
  return certificates.join('\n')
}

/** Text between certificates is ignored. */
function certificatesIn(text: string): string[] {
  const certificates: string[] = []
  for (let from = text.indexOf(begin); from !== -1; ) {
    const to = text.indexOf(end, from)
    if (to === -1) break
    certificates.push(text.slice(from, to + end.length))
    from = text.indexOf(begin, to)
  }
  return certificates
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0
  } catch {
    return false // OpenSSL's message does not help a reader
  }
}

interface NamedFile {
  readonly file: string
  readonly variable: string | undefined
}

const invalidFile = ({ file, variable }: NamedFile, what: string, more: Pick<Fault, 'hint' | 'cause'>) =>
  new PullpassError({
    code: 'CA_FILE_INVALID',
    hop: 'document',
    seen: `${showPath(file)}${variable === undefined ? '' : ` (from ${variable})`} ${what}`,
    expected: 'one or more certificates in PEM: -----BEGIN CERTIFICATE-----',
    hint: 'use the file with the certificate of the authority itself; openssl x509 -noout -subject -in FILE prints its subject',
    ...more,
  })
