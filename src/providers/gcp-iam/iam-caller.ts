/** Who asks Google on the operator's behalf, so that an error names his hop and his codes: publishing, trust. */
import type { ErrorCode } from '../../outside/error-codes.ts'
import type { Environment } from '../../outside/outside.ts'
import type { Hop } from '../../outside/pullpass-error.ts'
import type { SendOutside } from '../../outside/send.ts'

export interface IamCaller {
  readonly hop: Hop
  readonly codes: {
    /** No operator's credentials were found. */
    readonly credentials: ErrorCode
    /** Google knows the operator, and refuses; or refuses his credentials. */
    readonly denied: ErrorCode
    /** What is asked for is not there. */
    readonly absent: ErrorCode
    /** Of long-running operations; absent: as of any other request. */
    readonly operationFailed?: ErrorCode
    readonly operationUnfinished?: ErrorCode
  }
}

export type IamOutside = SendOutside & { readonly environment: Environment }
