import { test } from 'node:test'
import { refreshManyNamespaces } from './refresh-many.ts'

test('a refresh of 1,000 namespaces with three vendors costs one exchange per identity and registry', (t) =>
  refreshManyNamespaces(t, 1000))
