/** Gardener's Shoot: https://gardener.cloud/docs/gardener/shoot/shoot_serviceaccounts */
import type { Distribution, IssuerChange } from '../plan.ts'

const where = 'the Shoot, in the garden cluster'
const run = [
  'kubectl annotate shoot NAME gardener.cloud/operation=reconcile   # in the garden cluster; NAME: of the Shoot',
]

/** `https://api.<internal domain of the shoot>`: Gardener accepts it by itself when another one is set. */
const isDefault = (issuer: string) => /^https:\/\/api\.[^/]+$/.test(issuer)

const config = (...lines: readonly string[]): string =>
  [
    'spec:',
    '  kubernetes:',
    '    kubeAPIServer:',
    '      serviceAccountConfig:',
    ...lines.map((line) => `        ${line}`),
  ].join('\n')

const accepted = (issuer: string) => ['acceptedIssuers:', `  - ${issuer}`]

export const gardener: Distribution = {
  title: 'Gardener',
  change: ({ from, to }) => ({
    accept: {
      does: 'Accept the new issuer beside the old one',
      set: { where, text: config(...(isDefault(from) ? [] : [`issuer: ${from}`]), ...accepted(to)) },
      run,
      mind: [
        'not certain: Gardener documents the second step alone; while its API servers are replaced, old and new ones answer side by side for minutes, and the old ones refuse what the new ones signed',
      ],
    },
    sign: {
      does: 'Sign as the new issuer',
      set: { where, text: config(`issuer: ${to}`, ...(isDefault(from) ? [] : accepted(from))) },
      run,
      mind: [mindOld({ from, to })],
    },
    drop: isDefault(from)
      ? undefined
      : { does: 'Drop the old issuer', set: { where, text: config(`issuer: ${to}`) }, run },
    keepFor: '12 h',
    mind: [
      'token Secrets (kubernetes.io/service-account-token) carry the old issuer until they are made anew: do it before that is dropped',
      "the cluster's own document goes on naming https://<API host>/openid/v1/jwks as jwks_uri, which cannot be set: pullpass never copies it",
      'instead of an issuer of your own: the annotation authentication.gardener.cloud/issuer=managed, where the operator has set it up. There is no way back from it, and Gardener publishes the documents itself',
    ],
  }),
}

function mindOld({ from }: IssuerChange): string {
  return isDefault(from)
    ? `Gardener goes on accepting its default, ${from}, by itself: do not list it, a duplicate stops the API server`
    : `without ${from} in acceptedIssuers the control plane, system pods and workloads lose access at once`
}
