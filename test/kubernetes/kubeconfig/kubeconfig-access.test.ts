import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { sharedAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { kubeconfigAccess } from '../../../src/kubernetes/kubeconfig/access.ts'
import { fakeContext } from '../../support/fake-context.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const pem = base64('-----BEGIN CERTIFICATE-----')
const authority = await sharedAuthority()
const [jane, joe] = [await authority.issueClientCertificate('jane'), await authority.issueClientCertificate('joe')]

suite('a kubeconfig with an ambiguous identity or server', () => {
  const unclear: [title: string, user: object, cluster: object, seen: string][] = [
    [
      'by a token that would be two lines of a header',
      { token: 'sesame\r\nx: y' },
      {},
      'token in FILE contains characters that are not allowed in a header',
    ],
    ['by a password without a username', { password: 'sesame' }, {}, 'a user in FILE has a password, but no username'],
    [
      'by a client certificate without its key',
      { 'client-certificate-data': pem },
      {},
      'a user in FILE has only one of client-certificate and client-key',
    ],
    [
      'by a key without its client certificate',
      { 'client-key-data': pem },
      {},
      'a user in FILE has only one of client-certificate and client-key',
    ],
    [
      'by a client key that is none',
      { 'client-certificate-data': base64(jane.certificate), 'client-key-data': base64('sesame') },
      {},
      'a user in FILE has a client certificate that TLS cannot use with its key: ERR_OSSL_UNSUPPORTED',
    ],
    [
      'by a client key of another certificate',
      { 'client-certificate-data': base64(jane.certificate), 'client-key-data': base64(joe.key) },
      {},
      'a user in FILE has a client certificate that TLS cannot use with its key: ERR_OSSL_X509_KEY_VALUES_MISMATCH',
    ],
    [
      'by an authority that insecure-skip-tls-verify leaves unasked',
      {},
      { 'insecure-skip-tls-verify': true, 'certificate-authority-data': pem },
      'a cluster in FILE has both a certificate-authority and insecure-skip-tls-verify',
    ],
    [
      'by a password in the server’s URL',
      {},
      { server: 'https://jane:sesame@127.0.0.1' },
      'FILE has a server with a user or a password in its URL',
    ],
  ]
  for (const [title, user, cluster, seen] of unclear) {
    test(`${title} is refused before anything is sent, and nothing secret of it is shown`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'pullpass-access-'))
      t.after(() => rm(folder, { recursive: true }))
      const path = join(folder, 'config')
      const config = {
        'current-context': 'x',
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:9', ...cluster } }],
        users: [{ name: 'u', user }],
      }
      await writeFile(path, JSON.stringify(config))
      const readTrust = async () => await (await kubeconfigAccess({ kubeconfig: path }, fakeContext())).trust()
      await assert.rejects(readTrust, { code: 'KUBECONFIG_INVALID', seen: seen.replace('FILE', path) })
    })
  }
})
