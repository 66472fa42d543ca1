import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Document, DocumentRegistry } from '../../src/document/document.ts'
import { registriesOf } from '../../src/faces/mint-locally.ts'

const registryOf = (host: string): DocumentRegistry => ({ name: host, hosts: [host], vendor: 'gcp', settings: {} })
const documents = (...hosts: readonly string[]): Document[] => [
  {
    kind: 'ClusterPullSecret',
    name: 'pull',
    source: 'pull.yaml:1',
    secretName: 'pull',
    namespaces: {},
    registries: hosts.map(registryOf),
    attachToServiceAccounts: [],
    stuckPods: 'Ignore',
    conflictPolicy: 'Refuse',
    deletionPolicy: 'Retain',
  },
]
const namesFor = (server: string, ...hosts: readonly string[]) =>
  registriesOf(documents(...hosts), server).map(({ registry }) => registry.name)

test('of several registries that serve a host or image, the one that a kubelet would use comes first', () => {
  const cases: readonly [string, readonly string[], readonly string[]][] = [
    ['h.example.com', ['*.example.com', 'h.example.com'], ['h.example.com', '*.example.com']],
    [
      'h.example.com/team-b/app',
      ['h.example.com', 'h.example.com/team-b/'],
      ['h.example.com/team-b/', 'h.example.com'],
    ],
    ['a.example.com', ['*.example.com/team/'], ['*.example.com/team/']],
    ['h.example.com', ['h.example.com:5000', 'other.example.com'], []],
    ['not a host', ['h.example.com'], []],
  ]
  for (const [server, hosts, expected] of cases) assert.deepEqual(namesFor(server, ...hosts), expected, server)
})
