import { suite } from 'node:test'
import { testUnusableKeys, testUnwritable } from './watch-faults.ts'

suite('what goes wrong takes no key away', () =>
  testUnusableKeys(['a response that is not JSON', 'a response that is not a JWKS']))

suite('a watch that cannot store its state', () => testUnwritable(['since 4,294 labels fill its ConfigMap']))
