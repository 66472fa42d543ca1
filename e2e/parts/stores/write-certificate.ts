/** A certificate as files, by default for 127.0.0.1, for a server that reads it from files. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'

export interface CertificateFiles {
  readonly certificateFile: string
  readonly keyFile: string
}

export async function writeCertificate(
  folder: string,
  authority: CertificateAuthority,
  names?: readonly string[],
): Promise<CertificateFiles> {
  const { certificate, key } = await authority.issueServerCertificate(names)
  const [certificateFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  await writeFile(certificateFile, certificate)
  await writeFile(keyFile, key, { mode: 0o600 })
  return { certificateFile, keyFile }
}
