/** The flag that says where an issuer's documents are public. */
import type { Flag } from '../flag.ts'
import { usageFault } from '../usage-fault.ts'

export const targetFlag: { readonly to: Flag & { type: 'string' } } = {
  to: {
    type: 'string',
    value: 'TARGET',
    summary:
      'Where: gs://BUCKET/PATH, s3://BUCKET/PATH, azblob://ACCOUNT/CONTAINER/PATH, gcp-provider:PROVIDER, or a folder',
  },
}

/** `command`: `issuer watch`. @throws USAGE_INVALID where it is not given */
export function readTargetFlag(to: string | undefined, command: string): string {
  if (to !== undefined) return to
  throw usageFault(command, '--to is not given', 'where the documents are public: --to gs://BUCKET/PATH, or another')
}
