/** Hop `cluster`: the API server responds and accepts the credential. Otherwise, no other request to it is made. */
import { clusterSource } from '../facts/cluster.ts'
import { failedBy } from '../finding.ts'
import { defineHop, type Hop } from '../hop.ts'

export const clusterHop: Hop = defineHop({
  name: 'cluster',
  needs: { cluster: clusterSource },
  after: [],
  evaluate({ cluster: facts }) {
    if (facts === undefined) return []
    const { about, fault } = facts
    if (fault !== undefined) return [failedBy('cluster', about, fault)]
    return [
      { hop: 'cluster', about, result: 'ok', code: 'OK', seen: 'the API server responds and authenticates this user' },
    ]
  },
})
