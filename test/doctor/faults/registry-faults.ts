/** Faults of the registry, and of what an image is called. */
import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { throttled } from '../../../sandbox/serve/faults.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import type { Fault } from '../fault.ts'
import { email, type Ground } from '../ground.ts'

const hop = 'registry'
const host = ({ sandbox }: Ground) => `localhost:${sandbox.parts.registry.port}`
const clear = ({ sandbox }: Ground) => sandbox.parts.registry.faults.clear()
const atToken = { when: ({ path }: { path: string }) => path === '/v2/token' }

/** The image is a test's choice, not a fault in the sandbox: the pod is made of it. */
const podOfImage = async ({ ask, makePod }: Ground, image: string) => {
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
    title: 'the image is in a repository that is not there',
    plant: (ground) => podOfImage(ground, `${host(ground)}/example-project/imagse/hello:1`),
    image: (ground) => `${host(ground)}/example-project/imagse/hello:1`,
    hop,
    code: 'REGISTRY_DENIED',
    fix: /see too that the image's path is right/,
    mend: 'nothing',
  },
  {
    title: 'the tag was never pushed: the credential is fine',
    plant: (ground) => podOfImage(ground, `${host(ground)}/example-project/images/hello:2`),
    image: (ground) => `${host(ground)}/example-project/images/hello:2`,
    hop,
    code: 'MANIFEST_UNKNOWN',
    result: 'warning',
    fix: /^correct the image's name, or push it/,
    mend: 'nothing',
  },
  {
    title: 'the image of that name was never pushed: the credential is fine',
    plant: () => undefined,
    image: (ground) => `${host(ground)}/example-project/images/helo:1`,
    hop,
    code: 'REPOSITORY_UNKNOWN',
    result: 'warning',
    fix: /^correct the image's name, or push it/,
    mend: 'nothing',
  },
  {
    title: "the document's host has another port than the image's",
    plant: ({ writeDocument, pullpass, file }) =>
      writeDocument({ hosts: ['localhost:5000'] }).then(() => pullpass(['refresh', '-f', file])),
    hop,
    code: 'IMAGE_NOT_MATCHED',
    fix: /^name localhost:\d+ under hosts of a registry in \S+pull\.yaml:1, or correct the image's name/,
    async mend({ writeDocument, pullpass, file }) {
      await writeDocument({})
      await pullpass(['refresh', '-f', file])
    },
  },
  {
    title: "the document's host has a path that the image's does not begin with",
    plant: (ground) =>
      ground
        .writeDocument({ hosts: [`${host(ground)}/example-project/other/`] })
        .then(() => ground.pullpass(['refresh', '-f', ground.file])),
    hop,
    code: 'IMAGE_NOT_MATCHED',
    fix: /^name localhost:\d+ under hosts/,
    async mend({ writeDocument, pullpass, file }) {
      await writeDocument({})
      await pullpass(['refresh', '-f', file])
    },
  },
  {
    title: 'the registry has a certificate of a private authority',
    async plant(ground) {
      const authority = await createCertificateAuthority()
      const part = await servePart({ handler: () => ({ status: 404 }), tls: { authority, http2: 'offered' } })
      ground.after(part.close)
      await ground.writeDocument({ hosts: [`localhost:${part.port}`] })
      await ground.pullpass(['refresh', '-f', ground.file])
      await podOfImage(ground, `localhost:${part.port}/example-project/images/hello:1`)
    },
    image: 'of the pod',
    hop,
    code: 'CERTIFICATE_UNTRUSTED',
    fix: /name its certificate: --ca-file FILE/,
    mend: 'nothing',
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
