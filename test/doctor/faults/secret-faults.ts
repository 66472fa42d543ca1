/** Faults of the pull secret: whose it is, what is in it, and how old. */
import type { Fault } from '../fault.ts'
import { renderDocument, type World } from '../ground.ts'

const hop = 'secret'
const path = '/api/v1/namespaces/team-a/secrets/regcred'
const refresh = /^pullpass refresh -f \S+pull\.yaml$/m
const type = 'kubernetes.io/dockerconfigjson'

const dataOf = (config: string) => ({ '.dockerconfigjson': Buffer.from(config).toString('base64') })

/** As `kubectl edit` writes it: another manager owns the data then. */
const edit = ({ send }: World, config: string) =>
  send('PATCH', `${path}?fieldManager=kubectl-edit`, { data: dataOf(config) }, 'application/merge-patch+json')

/** In its place, one that another made. */
async function replace({ send }: World, secret: object): Promise<void> {
  await send('DELETE', path)
  await send('POST', '/api/v1/namespaces/team-a/secrets?fieldManager=kubectl-create', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'regcred' },
    ...secret,
  })
}

const auths = (auth: string) => JSON.stringify({ auths: { 'registry.example.com': { auth } } })
const usual = auths(Buffer.from('robot:a-password-of-years').toString('base64'))

export const secretFaults: readonly Fault[] = [
  {
    title: 'the pull secret was deleted',
    plant: ({ send }) => send('DELETE', path),
    hop,
    code: 'SECRET_NOT_FOUND',
    fix: refresh,
    repair: 'command',
  },
  {
    title: 'the pull secret is being deleted, and a finalizer holds it',
    plant({ sandbox: { cluster } }) {
      const secret = cluster.store.read('Secret', 'team-a', 'regcred')
      if (secret === undefined) throw new Error('the Secret is there')
      const deletion = { deletionTimestamp: '2026-11-24T12:00:00Z', finalizers: ['example.com/hold'] }
      cluster.store.put({ ...secret, metadata: { ...secret.metadata, ...deletion } })
    },
    hop,
    code: 'SECRET_TERMINATING',
    fix: /^see which finalizer delays it: kubectl get secret regcred -n team-a -o yaml/,
    repair: async ({ send, pullpass, file }) => {
      await send('PATCH', path, { metadata: { finalizers: [] } }, 'application/merge-patch+json')
      await pullpass(['refresh', '-f', file])
    },
  },
  {
    title: 'nothing refreshed for an hour, and the credential expired',
    async plant({ sandbox }) {
      sandbox.clock.advance('61 min')
      await sandbox.writeToken()
    },
    hop,
    code: 'SECRET_EXPIRED',
    fix: refresh,
    repair: 'command',
  },
  {
    title: 'the script of old makes the Secret, with a password',
    plant: (ground) => replace(ground, { type, data: dataOf(usual) }),
    hop,
    code: 'SECRET_NOT_OURS',
    seen: /^it is managed by kubectl-create; a refresh does not change it/,
    fix: /^pullpass refresh -f \S+ --adopt\nit takes over the Secret, once/,
    repair: 'command',
  },
  {
    title: 'a backup restored an old credential, with its annotations and field managers',
    plant({ sandbox: { cluster, parts } }) {
      const secret = cluster.store.read('Secret', 'team-a', 'regcred')
      if (secret === undefined) throw new Error('the Secret is there')
      const auth = Buffer.from('oauth2accesstoken:ya29.of-last-week').toString('base64')
      const data = dataOf(JSON.stringify({ auths: { [`localhost:${parts.registry.port}`]: { auth } } }))
      cluster.store.put({ ...secret, data })
    },
    hop: 'stored-credential',
    code: 'STORED_CREDENTIAL_REFUSED',
    seen: /^its credential is refused: the token endpoint \S+ responded with 40[13]\b.*; a new credential is accepted$/,
    fix: refresh,
    repair: 'command',
  },
  {
    title: 'a Secret of another type has the name',
    plant: (ground) => replace(ground, { type: 'Opaque', data: dataOf(usual) }),
    hop,
    code: 'SECRET_TYPE_WRONG',
    fix: /^kubectl delete secret regcred -n team-a && pullpass refresh -f /,
    repair: 'command',
  },
  {
    title: 'the Secret was set immutable',
    plant: ({ send }) => send('PATCH', path, { immutable: true }, 'application/merge-patch+json'),
    hop,
    code: 'SECRET_IMMUTABLE',
    seen: /^it is immutable: neither its data nor that field can be changed$/,
    fix: /^kubectl delete secret regcred -n team-a && pullpass refresh -f /,
    repair: 'command',
  },
  {
    title: 'the Secret was edited, and its JSON lacks auths that parse',
    plant: (ground) => edit(ground, '{"auths": []}'),
    hop,
    code: 'SECRET_MALFORMED',
    seen: /pulls no image at all: auths is not an object$/,
    fix: refresh,
    repair: 'command',
  },
  {
    title: 'the Secret was edited, and auth has no colon',
    plant: (ground) => edit(ground, auths(Buffer.from('a-token-alone').toString('base64'))),
    hop,
    code: 'SECRET_MALFORMED',
    seen: /registry.example.com: auth contains no ":" between user name and password$/,
    fix: refresh,
    repair: 'command',
  },
  {
    title: 'the Secret was edited, and auth is base64url',
    plant: (ground) => edit(ground, auths('cm9ib3Q6_-_-_w')),
    hop,
    code: 'SECRET_MALFORMED',
    seen: /auth is not standard base64, but perhaps base64url$/,
    fix: refresh,
    repair: 'command',
  },
  {
    title: 'another password was written into the Secret',
    plant: (ground) => edit(ground, usual),
    hop,
    code: 'SECRET_EDITED',
    seen: /changed by kubectl-edit: its state is unknown$/,
    fix: refresh,
    repair: 'command',
  },
  {
    title: 'an older copy of the document is refreshed from elsewhere',
    async plant({ sandbox, pullpass }) {
      const hosts = [`127.0.0.1:${sandbox.parts.registry.port}`]
      await pullpass(['refresh', '-f', await sandbox.write('older.yaml', renderDocument(sandbox, { hosts }))])
    },
    hop,
    code: 'SECRET_OUTDATED',
    fix: refresh,
    repair: 'command',
  },
  {
    title: 'the Secret has an entry for a host that the document no longer names',
    async plant({ sandbox, pullpass }) {
      const hosts = [`localhost:${sandbox.parts.registry.port}`, `127.0.0.1:${sandbox.parts.registry.port}`]
      await pullpass(['refresh', '-f', await sandbox.write('older.yaml', renderDocument(sandbox, { hosts }))])
    },
    hop,
    code: 'SECRET_OUTDATED',
    seen: /^it was written for an earlier form of the document: registry google differs$/,
    fix: refresh,
    repair: 'command',
  },
]
