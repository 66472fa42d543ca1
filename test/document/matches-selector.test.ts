import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { matchesSelector } from '../../src/document/namespaces.ts'

const labels = { images: 'private', tier: 'gold', empty: '' }

suite('labels images=private, tier=gold, empty= are selected', () => {
  const cases: Record<string, [selector: Parameters<typeof matchesSelector>[0], selected: boolean]> = {
    'by nothing: everything': [{}, true],
    'by a label': [{ matchLabels: { tier: 'gold' } }, true],
    'not by another value': [{ matchLabels: { tier: 'silver' } }, false],
    'not by one label of two': [{ matchLabels: { tier: 'gold', region: 'eu' } }, false],
    'by an empty value': [{ matchLabels: { empty: '' } }, true],
    'not by an empty value of an absent label': [{ matchLabels: { region: '' } }, false],
    'by In': [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['silver', 'gold'] }] }, true],
    'not by In of others': [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['silver'] }] }, false],
    'not by In of an absent label': [{ matchExpressions: [{ key: 'region', operator: 'In', values: ['eu'] }] }, false],
    'not by NotIn': [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['gold'] }] }, false],
    'by NotIn of an absent label': [{ matchExpressions: [{ key: 'region', operator: 'NotIn', values: ['eu'] }] }, true],
    'by Exists': [{ matchExpressions: [{ key: 'empty', operator: 'Exists' }] }, true],
    'not by Exists of an absent label': [{ matchExpressions: [{ key: 'region', operator: 'Exists' }] }, false],
    'not by DoesNotExist': [{ matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
    'by DoesNotExist of an absent label': [{ matchExpressions: [{ key: 'region', operator: 'DoesNotExist' }] }, true],
    'by all of several': [
      {
        matchLabels: { images: 'private' },
        matchExpressions: [
          { key: 'tier', operator: 'Exists' },
          { key: 'region', operator: 'DoesNotExist' },
        ],
      },
      true,
    ],
    'by no property that every object has': [{ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, false],
  }
  for (const [title, [selector, selected]] of Object.entries(cases)) {
    test(title, () => assert.equal(matchesSelector(selector, labels), selected))
  }
})
