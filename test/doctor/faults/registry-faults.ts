/** Faults of the registry, and of what an image is called. */
import { packImage } from '../../../sandbox/registry/pack-image.ts'
import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { throttled } from '../../../sandbox/serve/faults.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import type { Fault } from '../fault.ts'
import { email, type World } from '../ground.ts'

const hop = 'registry'
const host = ({ sandbox }: Pick<World, 'sandbox'>) => `localhost:${sandbox.parts.registry.port}`
const clear = ({ sandbox }: World) => sandbox.parts.registry.faults.clear()
/** Where registries with a private certificate listen. */
const privatePorts = new WeakMap<World['sandbox'], number>()
const atToken = { when: ({ path }: { path: string }) => path === '/v2/token' }

/** The pod is made of another image: `PATH:TAG` of the registry, or of another host. */
const podOfImage = async ({ send, makePod }: World, image: string) => {
  await send('DELETE', '/api/v1/namespaces/team-a/pods/web-0')
  await makePod({ containers: [{ name: 'web', image }] })
}

export const registryFaults: readonly Fault[] = [
  {
    title: 'the account is not permitted to read the repository',
    plant: ({ sandbox }) => sandbox.gcp.repositories.denyReading('example-project/images', `serviceAccount:${email}`),
    hop,
    code: 'REGISTRY_DENIED',
    seen: /^the token endpoint https:\S+ responded with 403 "DENIED: /,
    fix: /^pullpass trust apply .*\nit would grant roles\/artifactregistry.reader on projects\/example-project\/locations\/europe\/repositories\/images/,
    repair: 'command',
  },
  {
    title: "the pod's image is in a repository that does not exist",
    plant: (world) => podOfImage(world, `${host(world)}/example-project/imagse/hello:1`),
    image: 'of the pod',
    hop,
    code: 'REGISTRY_DENIED',
    fix: /also check the path of the image/,
    repair: (world) => podOfImage(world, world.sandbox.image),
  },
  {
    title: "the pod's tag was never pushed: the credential is fine",
    plant: (world) => podOfImage(world, `${host(world)}/example-project/images/hello:2`),
    image: 'of the pod',
    hop,
    code: 'MANIFEST_UNKNOWN',
    fix: /^correct the image's name, or push it/,
    repair: ({ sandbox }) =>
      sandbox.images.putImage('example-project/images/hello', '2', packImage({ 'hello.txt': 'Pushed at last.\n' })),
  },
  {
    title: "an image of the pod's name was never pushed: the credential is fine",
    plant: (world) => podOfImage(world, `${host(world)}/example-project/images/helo:1`),
    image: 'of the pod',
    hop,
    code: 'REPOSITORY_UNKNOWN',
    fix: /^correct the image's name, or push it/,
    repair: (world) => podOfImage(world, world.sandbox.image),
  },
  {
    title: "the pod's image has another port than the document's host",
    plant: (world) => podOfImage(world, 'localhost:5000/example-project/images/hello:1'),
    image: 'of the pod',
    hop,
    code: 'IMAGE_NOT_MATCHED',
    fix: /^name localhost:5000 under hosts of a registry in \S+pull\.yaml:1, or correct the image's name/,
    repair: (world) => podOfImage(world, world.sandbox.image),
  },
  {
    title: "the pod's image has a path that the document's host does not begin",
    document: (sandbox) => ({ hosts: [`localhost:${sandbox.parts.registry.port}/example-project/images/`] }),
    plant: (world) => podOfImage(world, `${host(world)}/example-project/other/hello:1`),
    image: 'of the pod',
    hop,
    code: 'IMAGE_NOT_MATCHED',
    fix: /^name localhost:\d+ under hosts/,
    repair: (world) => podOfImage(world, world.sandbox.image),
  },
  {
    title: 'the registry that the pod pulls from has a certificate of a private authority',
    async document(sandbox, after) {
      const authority = await createCertificateAuthority()
      const part = await servePart({ handler: () => ({ status: 404 }), tls: { authority, http2: 'offered' } })
      after(part.close)
      privatePorts.set(sandbox, part.port)
      return { hosts: [host({ sandbox }), `localhost:${part.port}`] }
    },
    plant: (world) => podOfImage(world, `localhost:${privatePorts.get(world.sandbox)}/example-project/images/hello:1`),
    image: 'of the pod',
    hop,
    code: 'CERTIFICATE_UNTRUSTED',
    fix: /add its certificate: --ca-file FILE/,
    repair: (world) => podOfImage(world, world.sandbox.image),
  },
  {
    title: 'the registry does not respond',
    plant: ({ sandbox }) => sandbox.parts.registry.faults.inject({ kind: 'reset', at: 'request' }),
    hop,
    code: 'REGISTRY_UNREACHABLE',
    fix: /^check that this address is reachable from here/,
    repair: clear,
  },
  {
    title: 'the token endpoint of the registry takes no credential',
    plant: ({ sandbox }) =>
      sandbox.parts.registry.faults.inject(
        { kind: 'response', response: { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: 'no' }] } } },
        atToken,
      ),
    hop,
    code: 'REGISTRY_CREDENTIAL_REFUSED',
    fix: /^check that this host belongs to the vendor that the document configures for it/,
    repair: clear,
  },
  {
    title: 'the manifest is refused, though GET /v2/ needs no authentication',
    plant({
      sandbox: {
        parts: { registry },
      },
    }) {
      registry.faults.inject(
        { kind: 'response', response: { status: 200, body: {} } },
        { when: ({ path }) => path === '/v2/' },
      )
      // Of three requests of an attempt the first, without a credential, is challenged: the others come with a token.
      let requests = 0
      registry.faults.inject(
        { kind: 'response', response: { status: 403, body: { errors: [{ code: 'DENIED', message: 'no' }] } } },
        { when: ({ path }) => path.includes('/manifests/') && ++requests % 3 !== 1 },
      )
    },
    hop,
    code: 'REGISTRY_DENIED',
    fix: /^all resources are as these documents need them/,
    repair: clear,
  },
  {
    title: 'the registry is throttled',
    plant: ({ sandbox }) => sandbox.parts.registry.faults.inject(throttled(60)),
    hop,
    code: 'REGISTRY_THROTTLED',
    fix: /^wait until 2026-11-24T12:01:00Z/,
    repair: clear,
  },
  {
    title: 'the registry is down',
    plant: ({ sandbox }) =>
      sandbox.parts.registry.faults.inject({
        kind: 'response',
        response: { status: 503, headers: { 'content-type': 'text/html' }, body: '<html>Service Unavailable</html>' },
      }),
    hop,
    code: 'REGISTRY_UNAVAILABLE',
    seen: /\/manifests\/1 responded with 503$/,
    fix: /^wait, and run doctor again, or contact the operator of localhost:\d+: the error is at the server, not in the credential/,
    repair: clear,
  },
  {
    title: 'a proxy before the registry drops the Authorization header of manifests',
    plant: ({ sandbox }) =>
      sandbox.parts.registry.faults.inject(
        { kind: 'drop-header', name: 'authorization' },
        { when: ({ path }) => path.includes('/manifests/') },
      ),
    hop,
    code: 'AUTHORIZATION_DROPPED',
    seen: /^the manifest \S+ responded with 401 .*, as it does to a request without a credential$/,
    fix: /^configure what is between here and localhost:\d+ \(a proxy, a mirror, an ingress\) to forward the Authorization header/,
    repair: clear,
  },
  {
    title: 'a proxy before the registry drops every Authorization header',
    plant: ({ sandbox }) => sandbox.parts.registry.faults.inject({ kind: 'drop-header', name: 'authorization' }),
    hop,
    code: 'AUTHORIZATION_DROPPED',
    seen: /^the token endpoint \S+ responded with 403 "DENIED: Unauthenticated request\.", as it does/,
    fix: /^configure what is between here and localhost:\d+/,
    repair: clear,
  },
  {
    title: 'the tag was never pushed, and a backup restored an old credential, too',
    async plant(world) {
      await podOfImage(world, `${host(world)}/example-project/images/hello:2`)
      const { cluster } = world.sandbox
      const secret = cluster.store.read('Secret', 'team-a', 'regcred')
      if (secret === undefined) throw new Error('the Secret is there')
      const auth = Buffer.from('oauth2accesstoken:ya29.of-last-week').toString('base64')
      const config = JSON.stringify({ auths: { [host(world)]: { auth } } })
      cluster.store.put({ ...secret, data: { '.dockerconfigjson': Buffer.from(config).toString('base64') } })
    },
    image: 'of the pod',
    hop,
    code: 'MANIFEST_UNKNOWN',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^correct the image's name, or push it/,
    async repair({ sandbox, pullpass, file }) {
      sandbox.images.putImage('example-project/images/hello', '2', packImage({ 'hello.txt': 'Pushed at last.\n' }))
      await pullpass(['refresh', '-f', file])
    },
  },
  {
    title: 'a sign-in page intercepts requests to the registry',
    plant: ({ sandbox }) =>
      sandbox.parts.registry.faults.inject({
        kind: 'response',
        response: { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' },
      }),
    hop,
    code: 'REGISTRY_RESPONSE_UNEXPECTED',
    fix: /^check that this host is a registry/,
    repair: clear,
  },
]
