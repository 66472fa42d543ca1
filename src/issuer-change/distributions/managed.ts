/** Control planes that a controller rolls out from one configuration object: Gardener, kOps, OpenShift. */
import { shellQuote, shellVariable } from '../../text/shell.ts'
import type { Distribution, IssuerChange } from '../plan.ts'

/** Gardener's Shoot: https://gardener.cloud/docs/gardener/shoot/shoot_serviceaccounts */
const shoot = 'the Shoot, in the garden cluster'
const reconcile = [
  `kubectl annotate shoot ${shellVariable('NAME')} gardener.cloud/operation=reconcile   # in the garden cluster; NAME: of the Shoot`,
]

/** `https://api.<internal domain of the shoot>`: Gardener continues to accept it when another one is set. */
const isDefault = (issuer: string) => /^https:\/\/api\.[^/]+$/.test(issuer)

const shootSpec = (...lines: readonly string[]): string =>
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
      description: 'Accept the new issuer in addition to the old one',
      set: { where: shoot, text: shootSpec(...(isDefault(from) ? [] : [`issuer: ${from}`]), ...accepted(to)) },
      run: reconcile,
      notes: [
        'not certain: Gardener documents only the next step. While its API servers are replaced, old and new ones serve requests at the same time for minutes, and old ones reject tokens of the new issuer',
      ],
    },
    sign: {
      description: 'Sign with the new issuer',
      set: { where: shoot, text: shootSpec(`issuer: ${to}`, ...(isDefault(from) ? [] : accepted(from))) },
      run: reconcile,
      notes: [oldIssuerNote({ from, to })],
    },
    drop: isDefault(from)
      ? undefined
      : {
          description: 'Remove the old issuer',
          set: { where: shoot, text: shootSpec(`issuer: ${to}`) },
          run: reconcile,
        },
    keepFor: '12 h',
    notes: [
      'token Secrets (kubernetes.io/service-account-token) keep the old issuer until they are recreated: recreate them before it is removed',
      "the cluster's own discovery document keeps https://<API host>/openid/v1/jwks as jwks_uri, which cannot be set; pullpass does not copy it",
      'alternative: the annotation authentication.gardener.cloud/issuer=managed, if the landscape supports it. It cannot be reverted, and Gardener publishes the issuer metadata',
    ],
  }),
}

function oldIssuerNote({ from }: IssuerChange): string {
  return isDefault(from)
    ? `Gardener continues to accept its default, ${from}: do not list it, because a duplicate stops the API server`
    : `without ${from} in acceptedIssuers, the control plane, system pods and workloads lose access immediately`
}

/** kOps 1.28.5 and later. https://kops.sigs.k8s.io/operations/service_account_issuer_migration */
const kopsCluster = 'the Cluster (kops edit cluster), under spec'
const kopsUpdate = [
  'kops update cluster --yes',
  'kops rolling-update cluster --instance-group-roles=control-plane --yes',
]

const kopsSpec = (signs: string, additional: string): string =>
  [
    'kubeAPIServer:',
    `  serviceAccountIssuer: ${signs}`,
    '  additionalServiceAccountIssuers:',
    `    - ${additional}`,
  ].join('\n')

export const kops: Distribution = {
  title: 'kOps',
  change: ({ from, to }) => ({
    accept: {
      description: 'Accept the new issuer in addition to the old one',
      set: { where: kopsCluster, text: kopsSpec(from, to) },
      run: kopsUpdate,
    },
    sign: {
      description: 'Sign with the new issuer',
      set: { where: kopsCluster, text: kopsSpec(to, from) },
      run: kopsUpdate,
    },
    drop: { description: 'Remove additionalServiceAccountIssuers', run: kopsUpdate },
    keepFor: '24 h',
    notes: [
      'kOps publishes the issuer metadata itself (serviceAccountIssuerDiscovery.discoveryStore): do not run a second publisher',
    ],
  }),
}

/** One field; the operator accepts the previous issuer for 24 h. https://docs.redhat.com/en/documentation/openshift_container_platform */
export const openshift: Distribution = {
  title: 'OpenShift',
  change: ({ from, to }) => ({
    accept: undefined,
    sign: {
      description: 'Sign with the new issuer; the operator continues to accept the previous one for 24 h',
      run: [
        `oc patch authentication.config.openshift.io cluster --type=merge -p ${shellQuote(JSON.stringify({ spec: { serviceAccountIssuer: to } }))}`,
        'oc get clusteroperator kube-apiserver -w   # until it is no longer Progressing',
      ],
      notes: [
        `publish to ${to} first: the operator sets ${to}/openid/v1/jwks as jwks_uri and expects you to serve it`,
        `within 24 h, every holder of a token of ${from} needs a new one: restart workloads that read their token only once`,
        'API audiences follow the issuer: clients that request tokens for the old audience by name must request the new one',
      ],
    },
    drop: undefined,
    keepFor: '24 h',
    notes: [
      'a cluster that was set up by ccoctl already publishes its keys (at AWS and Google as keys.json): keep its issuer',
      'its JWKS also contains the key of kube-controller-manager, which may be published too',
    ],
  }),
}
