/** Documents as a user writes them, for a sandbox. */
import type { Sandbox } from '../../sandbox/start-sandbox.ts'

export interface DocumentTextOptions {
  readonly name?: string
  readonly include?: readonly string[]
  /** Registries by name: hosts, and the account to impersonate; an account of `none` is direct federation. */
  readonly registries?: Readonly<Record<string, { readonly host: string; readonly account?: string }>>
  /** More lines of the spec, indented by two. */
  readonly more?: string
}

/** A ClusterPullSecret named `name` (default `pull`) that writes Secret `regcred`. */
export function documentText(
  { gcp: { provider } }: { readonly gcp: Pick<Sandbox['gcp'], 'provider'> },
  {
    name = 'pull',
    include = ['team-a', 'team-b'],
    registries = { google: { host: 'europe-docker.pkg.dev' } },
    more = '',
  }: DocumentTextOptions = {},
): string {
  const entries = Object.entries(registries).map(
    ([registry, { host, account = 'puller@example-project.iam.gserviceaccount.com' }]) =>
      [
        `    - name: ${registry}`,
        `      hosts: ["${host}"]`,
        '      gcp:',
        `        workloadIdentityProvider: ${provider}`,
        ...(account === 'none' ? [] : [`        serviceAccountEmail: ${account}`]),
      ].join('\n'),
  )
  return [
    'apiVersion: pullpass.dev/v1alpha1',
    'kind: ClusterPullSecret',
    `metadata: {name: ${name}}`,
    'spec:',
    '  secretName: regcred',
    `  namespaces: {include: [${include.map((one) => JSON.stringify(one)).join(', ')}]}`,
    '  registries:',
    ...entries,
    more,
    '',
  ].join('\n')
}
