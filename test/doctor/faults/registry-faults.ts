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
const podOfImage = async ({ ask, makePod }: World, image: string) => {
  await ask('DELETE', '/api/v1/namespaces/team-a/pods/web-0')
  await makePod({ containers: [{ name: 'web', image }] })
}

export const registryFaults: readonly Fault[] = [
  {
    title: 'nobody granted the account to read the repository',
    plant: ({ sandbox }) =>
      sandbox.google.repositories.denyReading('example-project/images', `serviceAccount:${email}`),
    hop,
    code: 'REGISTRY_DENIED',
    seen: /^the token endpoint https:\S+ answered 403 "DENIED: /,
    fix: /^pullpass trust apply .*\nit would grant roles\/artifactregistry.reader on projects\/example-project\/locations\/europe\/repositories\/images/,
    mend: 'command',
  },
  {
    title: "the pod's image is in a repository that is not there",
    plant: (world) => podOfImage(world, `${host(world)}/example-project/imagse/hello:1`),
    image: 'of the pod',
    hop,
    code: 'REGISTRY_DENIED',
    fix: /see too that the image's path is right/,
    mend: (world) => podOfImage(world, world.sandbox.image),
  },
  {
    title: "the pod's tag was never pushed: the credential is fine",
    plant: (world) => podOfImage(world, `${host(world)}/example-project/images/hello:2`),
    image: 'of the pod',
    hop,
    code: 'MANIFEST_UNKNOWN',
    fix: /^correct the image's name, or push it/,
    mend: ({ sandbox }) =>
      sandbox.images.putImage('example-project/images/hello', '2', packImage({ 'hello.txt': 'Pushed at last.\n' })),
  },
  {
    title: "an image of the pod's name was never pushed: the credential is fine",
    plant: (world) => podOfImage(world, `${host(world)}/example-project/images/helo:1`),
    image: 'of the pod',
    hop,
    code: 'REPOSITORY_UNKNOWN',
    fix: /^correct the image's name, or push it/,
    mend: (world) => podOfImage(world, world.sandbox.image),
  },
  {
    title: "the pod's image has another port than the document's host",
    plant: (world) => podOfImage(world, 'localhost:5000/example-project/images/hello:1'),
    image: 'of the pod',
    hop,
    code: 'IMAGE_NOT_MATCHED',
    fix: /^name localhost:5000 under hosts of a registry in \S+pull\.yaml:1, or correct the image's name/,
    mend: (world) => podOfImage(world, world.sandbox.image),
  },
  {
    title: "the pod's image has a path that the document's host does not begin",
    document: (sandbox) => ({ hosts: [`localhost:${sandbox.parts.registry.port}/example-project/images/`] }),
    plant: (world) => podOfImage(world, `${host(world)}/example-project/other/hello:1`),
    image: 'of the pod',
    hop,
    code: 'IMAGE_NOT_MATCHED',
    fix: /^name localhost:\d+ under hosts/,
    mend: (world) => podOfImage(world, world.sandbox.image),
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
    fix: /name its certificate: --ca-file FILE/,
    mend: (world) => podOfImage(world, world.sandbox.image),
  },
  {
    title: 'the registry does not answer',
    plant: ({ sandbox }) => sandbox.parts.registry.faults.inject({ kind: 'reset', at: 'request' }),
    hop,
    code: 'REGISTRY_UNREACHABLE',
    fix: /^see that this address is reachable from here/,
    mend: clear,
  },
  {
    title: 'the token endpoint of the registry takes no credential',
    plant: ({ sandbox }) =>
      sandbox.parts.registry.faults.inject(
        { kind: 'answer', answer: { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: 'no' }] } } },
        atToken,
      ),
    hop,
    code: 'REGISTRY_CREDENTIAL_REFUSED',
    fix: /^see that this host belongs to the provider that the document names for it/,
    mend: clear,
  },
  {
    title: 'the manifest is refused, though GET /v2/ is open to anybody',
    plant({
      sandbox: {
        parts: { registry },
      },
    }) {
      registry.faults.inject(
        { kind: 'answer', answer: { status: 200, body: {} } },
        { when: ({ path }) => path === '/v2/' },
      )
      registry.faults.inject(
        { kind: 'answer', answer: { status: 403, body: { errors: [{ code: 'DENIED', message: 'no' }] } } },
        { when: ({ path, method }) => method === 'GET' && (path.includes('/manifests/') || path === '/v2/token') },
      )
    },
    hop,
    code: 'REGISTRY_DENIED',
    fix: /^all is there as these documents want it/,
    mend: clear,
  },
  {
    title: 'the registry is throttled',
    plant: ({ sandbox }) => sandbox.parts.registry.faults.inject(throttled(60)),
    hop,
    code: 'REGISTRY_THROTTLED',
    fix: /^wait until 2026-11-24T12:01:00.000Z/,
    mend: clear,
  },
  {
    title: 'a sign-in page answers in place of the registry',
    plant: ({ sandbox }) =>
      sandbox.parts.registry.faults.inject({
        kind: 'answer',
        answer: { status: 302, headers: { location: 'https://login.example.com' } },
      }),
    hop,
    code: 'REGISTRY_UNCLEAR',
    fix: /^see that this host is a registry/,
    mend: clear,
  },
]
