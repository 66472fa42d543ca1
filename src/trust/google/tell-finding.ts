/** A finding at Google as everybody reads it, with changes that can be made. */
import type { Finding } from '../finding.ts'
import {
  describeChange,
  type GoogleChange,
  type GoogleFinding,
  resourceKinds,
  resourceName,
} from './look/google-finding.ts'
import { gcloudCommand, gcloudScript } from './render/gcloud-command.ts'
import { terraformOf } from './render/terraform-of.ts'

export function tellFinding(finding: GoogleFinding, make: (change: GoogleChange) => Promise<void>): Finding {
  const { after, presence, verdict, changes, notes, kept = [], sharedWith, fault, instead, override } = finding
  return {
    vendor: 'gcp',
    kind: resourceKinds[after.kind],
    name: resourceName(after),
    presence,
    verdict,
    changes: changes.map((change) => ({
      says: describeChange(change),
      command: gcloudCommand(change),
      script: gcloudScript(change),
      byTerraform: change.kind === 'undelete' ? 'not made' : 'made',
      make: async () => await make(change),
    })),
    notes,
    kept,
    sharedWith,
    fault,
    instead,
    override,
    hcl: terraformOf(after),
  }
}
