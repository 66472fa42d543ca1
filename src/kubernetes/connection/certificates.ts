/** Certificate authorities in a PEM file (RFC 7468): without one, TLS trusts no server, and its errors do not name the cause. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { readRegularFile, whyUnreadable } from '../../host/read-file.ts'

/** @throws CA_FILE_INVALID */
export async function readCertificates(path: string): Promise<string> {
  const text = await readSmallFile(path).catch((cause: unknown) => {
    throw invalid(`${path} ${whyUnreadable(cause)}`, cause)
  })
  return checkCertificates(text, path)
}

/** `where` is where the text came from, for messages. @throws CA_FILE_INVALID */
export function checkCertificates(text: string, where: string): string {
  if (!/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(text)) throw invalid(`${where} contains no certificate`)
  return text
}

/** Each certificate, without the text between them. */
export const splitCertificates = (bundle: string): string[] =>
  bundle.split(/(?<=-----END (?:X509 |TRUSTED )?CERTIFICATE-----)/).flatMap((piece) => {
    const start = piece.lastIndexOf('-----BEGIN ')
    return start < 0 ? [] : [piece.slice(start).trim()]
  })

function invalid(seen: string, cause?: unknown): PullpassError {
  return new PullpassError({
    code: 'CA_FILE_INVALID',
    hop: 'kubernetes',
    seen,
    expected: 'the certificate of the API server’s authority, in PEM: -----BEGIN CERTIFICATE-----',
    hint: 'kubectl get configmap kube-root-ca.crt -o jsonpath={.data.ca\\.crt} shows it',
    cause,
  })
}

const maxBytes = 4 * 1024 * 1024

/** A file that a kubeconfig names, or that is mounted into the pod. Rejects with an error that `whyUnreadable` describes. */
export async function readSmallFile(path: string): Promise<string> {
  return (await readRegularFile(path, maxBytes)).toString('utf8')
}
