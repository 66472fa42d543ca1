/** Every cloud that can be asked about, by the word that names it on a command line. */
import type { Cloud } from '../cloud.ts'
import { aws } from './aws.ts'
import { azure } from './azure.ts'
import { google } from './google.ts'
import { oidc } from './oidc.ts'

export const cloudNames = ['google', 'aws', 'azure', 'oidc'] as const

export type CloudName = (typeof cloudNames)[number]

export const clouds: Readonly<Record<CloudName, Cloud>> = { google, aws, azure, oidc }
