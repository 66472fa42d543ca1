/** Faults of the publication of the issuer that a document states: what a refresh holds a token back for. */
import type { Fault } from '../fault.ts'
import type { World } from '../ground.ts'
import { signToken } from '../sign-token.ts'
import { bucket } from './put-document.ts'

const hop = 'publish'
const document = { more: '  attachToServiceAccounts: [default]\n  issuer: {publishTo: gs://example-cluster}' }

/** As many distributions rotate: the new key signs in the moment in which it is served. */
async function rotate({ sandbox }: World): Promise<void> {
  sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add())
  await sandbox.writeToken()
}

export const publishFaults: readonly Fault[] = [
  {
    title: 'the token is of the issuer before, and the document names the one that the cluster has now',
    document,
    plant: async ({ sandbox }) =>
      sandbox.write(
        'oidc-token',
        await signToken(sandbox, { issuer: sandbox.cluster.issuer.replace(bucket, 'before') }),
      ),
    hop,
    code: 'TOKEN_ISSUER_MISMATCH',
    seen: /oidc-token carries issuer https:\S+\/before$/,
    fix: /^the kubelet renews a projected token at 80 % of its lifetime: recreate the Pod/,
    repair: ({ sandbox }) => sandbox.writeToken(),
  },
  {
    title: "the token's key is not public yet, and a refresh may publish it",
    document,
    plant: rotate,
    hop,
    code: 'KEY_UNPUBLISHED',
    result: 'warning',
    seen: /^key "[\w-]{43}", which signed the token, is not published there yet; a refresh publishes it before it exchanges/,
    fix: /^pullpass refresh -f \S+\n/,
    repair: 'command',
  },
  {
    title: 'nothing was ever published where the document states, and a refresh may publish it',
    document,
    plant({ sandbox: { gcp } }) {
      gcp.store.removeBucket(bucket)
      gcp.store.putBucket(bucket, { access: 'public' })
    },
    hop,
    code: 'KEY_UNPUBLISHED',
    result: 'warning',
    fix: /^pullpass refresh -f \S+\n/,
    repair: 'command',
  },
  {
    title: "the token's key is not public, and the account that refreshes may not write to the bucket",
    document,
    async plant(world) {
      const body = { error: { code: 403, message: 'does not have storage.objects.create access' } }
      world.sandbox.gcp.parts.storage.faults.inject(
        { kind: 'response', response: { status: 403, body } },
        { when: ({ method }) => method === 'POST' },
      )
      await rotate(world)
    },
    hop,
    code: 'KEY_UNPUBLISHED',
    seen: /which is not public at gs:\/\/example-cluster, and could not be published: PUBLISH_DENIED: /,
    fix: /^gcloud storage buckets add-iam-policy-binding gs:\/\/example-cluster --role=roles\/storage.objectUser/,
    unrun: 'a variable in it is for the operator to set',
    async repair({ sandbox, pullpass, file }) {
      sandbox.gcp.parts.storage.faults.clear()
      await pullpass(['refresh', '-f', file])
    },
  },
  {
    title: "the token's key is not public, and the account that refreshes may not read what was revoked",
    document,
    async plant(world) {
      world.sandbox.cluster.authorization.forbid({ verbs: ['get'], resources: ['configmaps'] })
      await rotate(world)
    },
    hop,
    code: 'KEY_UNPUBLISHED',
    seen: /and could not be published: KUBERNETES_FORBIDDEN: /,
    fix: /^grant the rule \{apiGroups: \[""\], resources: \[configmaps\]/,
    repair: ({ sandbox }) => sandbox.publishIssuer(), // by an account that may
  },
  {
    title: 'the bucket that the document publishes to was deleted',
    document,
    plant: ({ sandbox }) => sandbox.gcp.store.removeBucket(bucket),
    hop,
    code: 'KEY_UNPUBLISHED',
    seen: /and could not be published: PUBLISH_TARGET_NOT_FOUND: /,
    fix: /^gcloud storage buckets create gs:\/\/example-cluster --project="\$\{PROJECT_ID:\?\}" --uniform.*\ncreate it in your project, PROJECT_ID, /,
    unrun: 'a variable in it is for the operator to set',
    async repair({ sandbox }) {
      sandbox.gcp.store.putBucket(bucket, { access: 'public' })
      await sandbox.publishIssuer()
    },
  },
]
