/** Faults of the subject token: its file, its claims, its clock, its request. */
import { rm, writeFile } from 'node:fs/promises'
import type { Fault } from '../fault.ts'
import { signToken } from '../sign-token.ts'

const hop = 'subject-token'
const requested = {
  more: '  serviceAccountRef: {namespace: image-system, name: pullpass}\n  attachToServiceAccounts: [default]',
}
const longName = `pullpass-${'of-the-image-platform-team-'.repeat(4)}x`

export const tokenFaults: readonly Fault[] = [
  {
    title: 'the token file does not exist',
    plant: ({ sandbox }) => rm(sandbox.folder.tokenFile),
    hop,
    code: 'TOKEN_FILE_UNREADABLE',
    fix: /^pullpass manifests -f \S+pull\.yaml --image "\$\{IMAGE:\?\}" \| kubectl apply --server-side --force-conflicts -f -\nmount a projected token there/,
    repair: 'command',
  },
  {
    title: 'the token file holds something else',
    plant: ({ sandbox }) => writeFile(sandbox.folder.tokenFile, 'a password of old'),
    hop,
    code: 'TOKEN_MALFORMED',
    fix: /^pullpass manifests -f /,
    repair: 'command',
  },
  {
    title: 'the token in the file expired an hour ago, since a copy is not renewed',
    async plant({ sandbox, pullpass, file }) {
      sandbox.clock.advance('2 h')
      await sandbox.writeToken()
      await pullpass(['refresh', '-f', file])
      await sandbox.write('oidc-token', await signToken(sandbox, { expiresInSeconds: -3600 }))
    },
    hop,
    code: 'TOKEN_EXPIRED',
    fix: /^pullpass manifests -f .*\nread the token from the pod's own projected volume/,
    repair: 'command',
  },
  {
    title: 'the token has the API server, not for the provider',
    plant: ({ sandbox }) => sandbox.writeToken({ audiences: ['https://kubernetes.default.svc'] }),
    hop,
    code: 'AUDIENCE_MISMATCH',
    fix: /^pullpass manifests -f .*\nset that audience on the pod's projected token/,
    repair: 'command',
  },
  {
    title: "the vendor's clocks are two hours ahead of this machine's",
    plant: async ({ sandbox, pullpass, file }) => {
      sandbox.clock.advance('2 h')
      await sandbox.writeToken()
      await pullpass(['refresh', '-f', file])
      await sandbox.write('oidc-token', await signToken(sandbox, { issuedInSeconds: -7200, expiresInSeconds: -3600 }))
    },
    clockOffMs: -2 * 3_600_000,
    hop: 'clock',
    code: 'CLOCK_SKEWED',
    fix: /^synchronize the clock of this machine \(in a pod: its node\) by NTP/,
    repair: ({ sandbox }) => sandbox.writeToken(),
  },
  {
    title: "this machine's clock is two hours ahead, so that every token looks expired",
    plant: () => undefined,
    clockOffMs: 2 * 3_600_000,
    hop: 'clock',
    code: 'CLOCK_SKEWED',
    fix: /^synchronize the clock of /,
    repair: () => undefined, // its clock is right the next time
  },
  {
    title: "the cluster's clock is ahead: the token was issued in the future",
    plant: async ({ sandbox }) =>
      sandbox.write('oidc-token', await signToken(sandbox, { issuedInSeconds: 1800, expiresInSeconds: 5400 })),
    hop,
    code: 'TOKEN_NOT_YET_VALID',
    fix: /^synchronize the clocks of this machine .* and of the control plane by NTP/,
    repair: ({ sandbox }) => sandbox.writeToken(),
  },
  {
    title: "the token's issuer is the cluster's internal default, which no cloud can read",
    plant: async ({ sandbox }) =>
      sandbox.write('oidc-token', await signToken(sandbox, { issuer: 'https://kubernetes.default.svc' })),
    hop: 'discovery',
    code: 'ISSUER_UNUSABLE',
    fix: /^pullpass issuer show/,
    unrun: 'it shows what is there',
    repair: ({ sandbox }) => sandbox.writeToken(), // as after the roll-out of another issuer
  },
  {
    title: 'the token is of an account with a longer name than Google maps',
    plant: async ({ sandbox }) =>
      sandbox.write(
        'oidc-token',
        await signToken(sandbox, { subject: `system:serviceaccount:image-system:${longName}` }),
      ),
    hop,
    code: 'SUBJECT_TOO_LONG',
    fix: /^use a service account and namespace with shorter names/,
    repair: ({ sandbox }) => sandbox.writeToken(),
  },
  {
    title: 'the service account whose token is requested does not exist',
    document: requested,
    plant: ({ send }) => send('DELETE', '/api/v1/namespaces/image-system/serviceaccounts/pullpass'),
    hop,
    code: 'TOKEN_REQUEST_REFUSED',
    fix: /^kubectl create serviceaccount pullpass -n image-system/,
    repair: 'command',
  },
  {
    title: 'the namespace of the service account whose token is requested does not exist',
    document: requested,
    plant: ({ send }) => send('DELETE', '/api/v1/namespaces/image-system'),
    hop,
    code: 'TOKEN_REQUEST_REFUSED',
    fix: /^kubectl create namespace image-system && kubectl create serviceaccount pullpass -n image-system\n/,
    repair: 'command',
  },
  {
    title: 'the user may not request the token of the service account',
    document: requested,
    plant: ({ sandbox }) =>
      sandbox.cluster.authorization.permit('kubernetes-admin', [
        { verbs: ['*'], resources: ['namespaces', 'secrets', 'serviceaccounts', 'pods'] },
      ]),
    hop,
    code: 'TOKEN_REQUEST_REFUSED',
    fix: /^pullpass manifests -f \S+ -n image-system --image "\$\{IMAGE:\?\}" \| kubectl apply/,
    repair: 'command',
  },
]
