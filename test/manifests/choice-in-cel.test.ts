import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { NamespaceChoice } from '../../src/document/document.ts'
import { choiceInCel } from '../../src/manifests/policies/admission-policy.ts'

suite('a selection of namespaces in an admission policy', () => {
  const notSystem = "!request.namespace.startsWith('kube-')"
  const cases: Record<string, [NamespaceChoice, string]> = {
    'names are listed': [{ include: ['team-a', 'kube-system'] }, "request.namespace in ['team-a', 'kube-system']"],
    'a glob matches the whole name, and no system namespace': [
      { include: ['team-*', 'app-?'] },
      `${notSystem} && request.namespace.matches('^(team-.*|app-.)$')`,
    ],
    'a system namespace is selected by its name, also with globs': [
      { include: ['kube-system', 'team-*'] },
      `(request.namespace in ['kube-system'] || (${notSystem} && request.namespace.matches('^(team-.*)$')))`,
    ],
    'every namespace is every one but the system ones': [{ include: ['*'] }, notSystem],
    'excluded namespaces are not selected': [
      { include: ['*'], exclude: ['team-legacy', 'test-*'] },
      `${notSystem} && !(request.namespace in ['team-legacy'] || request.namespace.matches('^(test-.*)$'))`,
    ],
    'labels are compared one by one': [
      {
        selector: {
          matchLabels: { images: 'private' },
          matchExpressions: [
            { key: 'stage', operator: 'NotIn', values: ['test'] },
            { key: 'owner', operator: 'Exists' },
            { key: 'closed', operator: 'DoesNotExist' },
          ],
        },
      },
      [
        notSystem,
        "'images' in variables.labels",
        "variables.labels['images'] in ['private']",
        "!('stage' in variables.labels && variables.labels['stage'] in ['test'])",
        "'owner' in variables.labels",
        "!('closed' in variables.labels)",
      ].join(' && '),
    ],
  }
  for (const [title, [choice, expression]] of Object.entries(cases)) {
    test(title, () => assert.equal(choiceInCel(choice), expression))
  }
})
