import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneVendor, vendorFields } from '../../document/smallest-document.ts'
import { type BadInput, refusesBeforeWriting } from './refuses-before-writing.ts'

const good = [
  'apiVersion: pullpass.dev/v1alpha1',
  'kind: ClusterPullSecret',
  'metadata: {name: pull}',
  'spec:',
  '  namespaces: {include: [team-a]}',
  '  registries:',
  '    - name: google',
  '      hosts: [europe-docker.pkg.dev]',
  '      gcp:',
  '        workloadIdentityProvider: projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster',
].join('\n')

/** Another document with the same Secret. */
const other = good.replace('{name: pull}', '{name: other}').replace('spec:', 'spec:\n  secretName: pull')

/** The good document, with one text replaced. */
const changed = (from: string, to: string): BadInput['give'] => {
  assert.ok(good.includes(from), from)
  return async ({ write }) => ({ argv: ['-f', await write('pull.yaml', good.replace(from, to))] })
}
const badDocuments: Record<string, BadInput> = {
  'a provider by the project’s id': {
    give: changed('projects/123456789012/', 'projects/example-project/'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:10:35: spec.registries[0].gcp.workloadIdentityProvider is "projects/example-project/locations/global/workloadIdentityPools/pool/providers/cluster"',
      '  expected the project\'s number, not its id: gcloud projects describe example-project --format="value(projectNumber)"',
    ],
  },
  'a malformed provider': {
    give: changed('workloadIdentityPools', 'pools'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:10:35: spec.registries[0].gcp.workloadIdentityProvider is "projects/123456789012/locations/global/pools/pool/providers/cluster"',
      '  expected projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER',
    ],
  },
  'an unknown field': {
    give: changed('      hosts:', '      host:'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:8:7: spec.registries[0].host is not a known field',
      '  expected "hosts"',
      '  also FOLDER/pull.yaml:7:7: spec.registries[0].hosts is missing, expected a list, each item host[:port][/path/] in lower case, such as europe-docker.pkg.dev',
    ],
  },
  'no provider': {
    give: changed(good.slice(good.indexOf('      gcp:')), ''),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:7:7: spec.registries[0] names no vendor',
      `  expected ${oneVendor}`,
    ],
  },
  'an empty e-mail, which is not direct federation': {
    give: changed('/cluster', '/cluster\n        serviceAccountEmail: ""'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:11:30: spec.registries[0].gcp.serviceAccountEmail is empty',
      "  expected a service account's e-mail address, such as puller@project.iam.gserviceaccount.com",
    ],
  },
  'a second vendor': {
    give: changed('      gcp:', '      quay: {robot: acme+puller}\n      gcp:'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:7:7: spec.registries[0] names 2 vendors: gcp, quay',
      `  expected exactly one of: ${vendorFields}`,
    ],
  },
  'neither include nor selector': {
    give: changed('{include: [team-a]}', '{exclude: [team-a]}'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:5:3: spec.namespaces has neither include nor selector',
      '  expected include, selector or both; for every namespace: include: ["*"]',
    ],
  },
  'a bad glob': {
    give: changed('include: [team-a]', 'include: ["team-[ab]"]'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:5:26: spec.namespaces.include[0] is "team-[ab]"',
      '  expected a namespace, or a glob of lower-case letters, digits, "-", "*" (any characters) and "?" (one)',
    ],
  },
  'a namespace that cannot exist': {
    give: changed('include: [team-a]', 'include: [Team_A]'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:5:26: spec.namespaces.include[0] is "Team_A"',
      '  expected a namespace, or a glob of lower-case letters, digits, "-", "*" (any characters) and "?" (one)',
    ],
  },
  'a host with a scheme': {
    give: changed('[europe', '[https://europe'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:8:15: spec.registries[0].hosts[0] is "https://europe-docker.pkg.dev"',
      '  expected the host without a scheme: europe-docker.pkg.dev',
    ],
  },
  'a host with a query': {
    give: changed('pkg.dev]', 'pkg.dev?a=b]'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:8:15: spec.registries[0].hosts[0] is "europe-docker.pkg.dev?a=b"',
      '  expected the host without a query: europe-docker.pkg.dev',
    ],
  },
  'a host whose path does not end': {
    give: changed('pkg.dev]', 'pkg.dev/team]'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:8:15: spec.registries[0].hosts[0] is "europe-docker.pkg.dev/team"',
      '  expected a path that ends in "/": europe-docker.pkg.dev/team/',
    ],
  },
  'a mistake in YAML': {
    give: changed('{include: [team-a]}', '{include: [team-a}'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:5:32: not YAML: "Flow sequence in block collection must be sufficiently indented and end with a ]"',
      '  expected YAML or JSON',
    ],
  },
  'a file that does not exist': {
    give: ({ folder }) => ({ argv: ['-f', `${folder.path}/none.yaml`] }),
    printed: [
      'DOCUMENT_UNREADABLE (document): FOLDER/none.yaml does not exist',
      '  expected a file of YAML or JSON in UTF-8, at most 1 MiB',
      '  fix: correct the path; in a pod, check the mount path and the items of the volume',
    ],
  },
  'a Secret claimed by two documents': {
    async give({ write }) {
      return { argv: ['-f', await write('two.yaml', `${good}\n---\n${other}`)] }
    },
    printed: [
      'SECRET_CLAIMED_TWICE (document): Secret team-a/pull is claimed by ClusterPullSecret pull (FOLDER/two.yaml:1) and by ClusterPullSecret other (FOLDER/two.yaml:12)',
      '  expected one document for each Secret',
      '  fix: merge their registries into one document, or give one of them another secretName or other namespaces',
    ],
  },
  'a Secret claimed by two documents, one by a glob': {
    async give({ write }) {
      return { argv: ['-f', await write('two.yaml', `${good}\n---\n${other.replace('[team-a]', '["team-*"]')}`)] }
    },
    printed: [
      'SECRET_CLAIMED_TWICE (document): Secret team-a/pull is claimed by ClusterPullSecret pull (FOLDER/two.yaml:1) and by ClusterPullSecret other (FOLDER/two.yaml:12)',
      '  expected one document for each Secret',
      '  fix: merge their registries into one document, or give one of them another secretName or other namespaces',
    ],
  },
  'stuckPods: Evict': {
    give: changed('spec:', 'spec:\n  stuckPods: Evict'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:1: spec.stuckPods is Evict in ClusterPullSecret pull',
      '  expected Ignore: only the controller watches pods',
      '  fix: remove stuckPods: Evict, or install the controller with pullpass manifests --controller',
    ],
  },
  'deletionPolicy: Delete': {
    give: changed('spec:', 'spec:\n  deletionPolicy: Delete'),
    printed: [
      'DOCUMENT_INVALID (document): FOLDER/pull.yaml:1: spec.deletionPolicy is Delete in ClusterPullSecret pull',
      '  expected Retain: only the controller observes that a document is deleted, and only that of a custom resource; refresh --prune deletes Secrets that it no longer selects',
      '  fix: remove deletionPolicy: Delete, or install the controller with pullpass manifests --controller --custom-resources, and apply the document with kubectl',
    ],
  },
}

test('bad documents end refresh before anything is exchanged or written', async (t) => {
  await refusesBeforeWriting(t, badDocuments)
})
