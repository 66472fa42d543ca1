/**
 * Error responses of APIs of gRPC in JSON: a status, `{code, message, details}`. Its code has the meaning, since few messages are
 * documented. https://grpc.github.io/grpc/core/md_doc_statuscodes.html, https://grpc-ecosystem.github.io/grpc-gateway/docs/mapping/customizing_your_gateway/
 */
import type { Refusal } from '../../http/request-errors.ts'
import { asObject, asText } from '../../text/json-fields.ts'
import { unavailable } from '../operator.ts'

const grpc = {
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  aborted: 10,
  unauthenticated: 16,
}

type Meaning = Omit<Refusal, 'message' | 'code'>

/** What differs between vendors: how an operator signs in again, which permission is missing, and how a quota is raised. */
interface GrpcRefusals {
  readonly unauthenticated: Meaning
  readonly denied: Meaning
  readonly exhausted: string
}

/** Of a request that configures trust; undefined where the response is no such status. */
export function grpcRefusal(
  status: number,
  body: unknown,
  { unauthenticated, denied, exhausted }: GrpcRefusals,
): Refusal | undefined {
  const error = asObject(body)
  const [code, message] = [error?.['code'], asText(error?.['message'])]
  if (message === undefined) return undefined
  switch (code) {
    case grpc.unauthenticated:
      return { ...unauthenticated, code: 'TRUST_DENIED', message }
    case grpc.permissionDenied:
      return { ...denied, code: 'TRUST_DENIED', message }
    case grpc.notFound:
      return { code: 'TRUST_NOT_FOUND', message }
    case grpc.alreadyExists:
    case grpc.aborted:
      return { code: 'TRUST_CONFLICT', message }
    case grpc.resourceExhausted:
      return { code: 'QUOTA_EXCEEDED', message, retryable: status === 429, hint: exhausted }
    default:
      return status < 500 ? { code: 'TRUST_REFUSED', message } : unavailable(message)
  }
}
