/** The kinds that the sandbox serves, all of the core group's v1. */
import { namespace } from './namespace.ts'
import type { ResourceKind } from './resource-kind.ts'
import { secret } from './secret.ts'
import { serviceAccount } from './service-account.ts'

export const resourceKinds: readonly ResourceKind[] = [namespace, secret, serviceAccount]
