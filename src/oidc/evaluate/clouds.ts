/** Every cloud that can be asked about, by the word that names it on a command line. */
import type { Cloud } from './cloud.ts'
import { aws } from './clouds/aws.ts'
import { azure } from './clouds/azure.ts'
import { google } from './clouds/google.ts'
import { oidc } from './clouds/oidc.ts'

export const cloudNames = ['google', 'aws', 'azure', 'oidc'] as const

export type CloudName = (typeof cloudNames)[number]

export const clouds: Readonly<Record<CloudName, Cloud>> = { google, aws, azure, oidc }
