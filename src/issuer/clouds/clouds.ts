/** Every cloud that can be asked about, by the word that names it on a command line. */
import type { Cloud } from '../cloud.ts'
import { aws } from './aws.ts'
import { azure } from './azure.ts'
import { google } from './google.ts'
import { oidc } from './oidc.ts'

export const clouds = { google, aws, azure, oidc } as const satisfies Readonly<Record<string, Cloud>>

export type CloudName = keyof typeof clouds

export const cloudNames: readonly CloudName[] = ['google', 'aws', 'azure', 'oidc']
