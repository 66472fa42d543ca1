/** Publishing, as Google's IAM client names who asks it. */
import type { IamCaller } from '../../../providers/gcp-iam/iam-caller.ts'

export const googleCaller: IamCaller = {
  hop: 'publish',
  codes: { credentials: 'PUBLISH_CREDENTIALS_MISSING', denied: 'PUBLISH_DENIED', absent: 'PUBLISH_TARGET_MISSING' },
}
