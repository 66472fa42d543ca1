/**
 * Whom the Pod may talk to: names, clouds, and the API server. Nobody may talk to it.
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
import { type Manifest, ownLabels, ownName, type Place } from './manifest.ts'

/** Where clouds hand a node's own credentials to whoever asks. */
const metadataAddresses = { v4: '169.254.169.254/32', v6: 'fd00:ec2::254/128' }

export const renderNetworkPolicy = ({ namespace }: Place): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: ownName, namespace, labels: ownLabels },
  spec: {
    podSelector: { matchLabels: ownLabels },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [],
    egress: [
      // Names are resolved anywhere: by a Pod, on the node, and in GKE at the metadata address, which gives nothing else there.
      { ports: [port('UDP', 53), port('TCP', 53)] },
      {
        // A policy sees the API server where it listens, mostly at 6443, not at its Service's 443.
        ports: [port('TCP', 443), port('TCP', 6443)],
        to: [
          { ipBlock: { cidr: '0.0.0.0/0', except: [metadataAddresses.v4] } },
          { ipBlock: { cidr: '::/0', except: [metadataAddresses.v6] } },
        ],
      },
    ],
  },
})

const port = (protocol: 'TCP' | 'UDP', number: number) => ({ protocol, port: number })
