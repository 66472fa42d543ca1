/** Faults of the keys that are published at an issuer: which, and whether they fit what the cluster signs. */

import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import type { Fault } from '../fault.ts'
import type { World } from '../ground.ts'
import { putDocument } from './put-document.ts'

const recorded = {
  more: '  attachToServiceAccounts: [default]\n  issuer: {publishTo: gs://example-cluster, keyStateRef: {namespace: oidc, name: keys}}',
}
const publish = /^pullpass issuer publish --to gs:\/\/example-cluster/
const adopt = /^pullpass issuer publish --to gs:\/\/example-cluster --adopt/

/** By its own command, as after a leak: the cluster signs with it still. */
async function revokeSigningKey({ sandbox, send, pullpass }: World, more: readonly string[] = []): Promise<void> {
  const { kid } = sandbox.cluster.keys.current
  await sandbox.cluster.keys.add()
  const [, place = 'pullpass-system/pullpass-issuer'] = more
  const [namespace = ''] = place.split('/')
  await send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  await pullpass(['issuer', 'publish', '--to', 'gs://example-cluster', ...more])
  const argv = ['issuer', 'revoke', kid, '--to', 'gs://example-cluster', '--yes', ...more]
  const { exitCode, stdout, stderr } = await pullpass(argv)
  if (exitCode !== 0) throw new Error(`${stdout}${stderr}`)
}

export const keyFaults: readonly Fault[] = [
  {
    title: "the cluster's key was published with its private part, and exchanges succeed",
    plant(world) {
      const [key] = world.sandbox.cluster.keys.jwks.keys
      putDocument(world, 'jwks', { keys: [{ ...key, d: 'AQAB' }] })
    },
    hop: 'key',
    code: 'PRIVATE_KEY_PUBLISHED',
    seen: /^ALARM: .* \(d, not shown\)/,
    fix: /^remove it now, and replace the signing key of the cluster/,
    repair: ({ sandbox }) => sandbox.publishIssuer(),
  },
  {
    title: 'the key that signed the token was revoked',
    plant: revokeSigningKey,
    hop: 'key',
    code: 'KEY_REVOKED',
    seen: /which was revoked and is not published or uploaded again$/,
    fix: /^configure the API servers to sign with another key/,
    async repair({ sandbox }) {
      sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add())
      await sandbox.publishIssuer()
      await sandbox.writeToken()
    },
  },
  {
    title: 'the key that signed the token was revoked, as recorded in another ConfigMap',
    document: recorded,
    plant: async (world) => revokeSigningKey(world, ['--key-state', 'oidc/keys']),
    hop: 'key',
    code: 'KEY_REVOKED',
    fix: /^configure the API servers to sign with another key/,
    repair: 'nothing',
  },
  {
    title: 'the published JWKS is empty',
    plant: (ground) => putDocument(ground, 'jwks', { keys: [] }),
    hop: 'key',
    code: 'KEYS_MISSING',
    fix: publish,
    repair: 'command',
  },
  {
    title: 'the cluster signs with a new key, and the old ones are published',
    async plant({ sandbox }) {
      sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add())
      await sandbox.writeToken()
    },
    hop: 'key',
    code: 'KEY_UNPUBLISHED',
    seen: /^the token is signed by key "[\w-]{43}", which is not published$/,
    fix: publish,
    repair: 'command',
  },
  {
    title: 'the cluster serves a second key, and the document states where its keys are published and recorded',
    document: recorded,
    plant: ({ sandbox }) => sandbox.cluster.keys.add(),
    hop: 'key',
    code: 'SERVED_KEY_UNPUBLISHED',
    result: 'warning',
    fix: /^pullpass issuer publish --to gs:\/\/example-cluster --key-state oidc\/keys$/,
    repair: 'command',
  },
  {
    title: 'the cluster serves a second key that is not published yet',
    plant: ({ sandbox }) => sandbox.cluster.keys.add(),
    hop: 'key',
    code: 'SERVED_KEY_UNPUBLISHED',
    result: 'warning',
    fix: publish,
    repair: 'command',
  },
  {
    title: "another cluster's key is published under this one's kid",
    async plant(ground) {
      const { publicKey } = await sharedSigningKey('another')
      const { kid } = ground.sandbox.cluster.keys.current
      putDocument(ground, 'jwks', { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }] })
    },
    hop: 'signature',
    code: 'SIGNATURE_INVALID',
    fix: adopt,
    repair: 'command',
  },
  {
    title: 'the published key is for encryption, so that no cloud verifies with it',
    plant(ground) {
      const [key] = ground.sandbox.cluster.keys.jwks.keys
      putDocument(ground, 'jwks', { keys: [{ ...key, use: 'enc' }] })
    },
    hop: 'key',
    code: 'KEYS_UNUSABLE',
    fix: publish,
    repair: 'command',
  },
]
