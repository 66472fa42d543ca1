/** Formats of AWS resource names in a document. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
import type { TextRule } from '../../document/field-rules.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { parseDuration } from '../../text/time.ts'
import { repositoryList } from '../trust/names.ts'
import { partitionNamed } from './partitions.ts'

const partition = 'aws(?:-[a-z]+)*'

export const roleArn: TextRule = {
  pattern: new RegExp(`^arn:${partition}:iam::[0-9]{12}:role/(?:[!-.0-~]+/)*[\\w+=,.@-]{1,64}$`),
  maxLength: 600,
  expected: 'the ARN of an IAM role, such as arn:aws:iam::123456789012:role/puller',
  knownMistake: (text) => {
    const [, name] = /^arn:([a-z-]+):/.exec(text) ?? []
    if (name !== undefined && partitionNamed(name) === undefined) return `a partition of AWS, such as aws, not ${name}`
    const [, account, session] = /^arn:[a-z-]+:sts::([0-9]{12}):assumed-role\/([^/]+)\//.exec(text) ?? []
    return session === undefined
      ? undefined
      : `the ARN of the role, not of a session: role/${session} of account ${account}`
  },
}

/** `path/name` of a role, its account and partition. */
export interface RoleName {
  readonly partition: string
  readonly account: string
  /** Without its path: what IAM's API takes. */
  readonly name: string
  /** `/`, or with words between slashes. */
  readonly path: string
}

/** `arn` is valid according to `roleArn`. */
export function parseRole(arn: string): RoleName {
  const [, name = '', , , account = '', resource = ''] = arn.split(':')
  const path = resource.slice('role'.length, resource.lastIndexOf('/') + 1)
  return { partition: name, account, name: resource.slice(resource.lastIndexOf('/') + 1), path }
}

export const region: TextRule = {
  pattern: /^[a-z]{2,5}(?:-[a-z]{2,12})+-[0-9]{1,2}$/,
  maxLength: 32,
  expected: 'a region, such as eu-west-1',
  knownMistake: (text) =>
    /^[a-z-]+-[0-9][a-z]$/.test(text) ? `the region ${text.slice(0, -1)}, not a zone of it` : undefined,
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
export const sessionName: TextRule = {
  pattern: /^[\w+=,.@-]{2,64}$/,
  maxLength: 64,
  expected: '2 to 64 letters, digits and "_+=,.@-"',
}

export const sessionDuration: TextRule = {
  pattern: /^(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?$/,
  maxLength: 16,
  expected: 'a duration from 15m to 12h, such as 1h',
  knownMistake: (text) => {
    const seconds = (parseDuration(text) ?? 0) / 1000
    return seconds >= 900 && seconds <= 43_200 ? undefined : sessionDuration.expected
  },
}

/** AWS limits it to 2,048 characters, compressed with the ARNs of managed policies. */
export const sessionPolicy: TextRule = {
  pattern: /^\s*\{[\t\n\r -ÿ]*\}\s*$/,
  maxLength: 2048,
  expected: 'an IAM policy in JSON: {"Version":"2012-10-17","Statement":[…]}',
  knownMistake: (text) => {
    try {
      JSON.parse(text)
      return undefined
    } catch {
      return sessionPolicy.expected
    }
  },
}

export const policyArn: TextRule = {
  pattern: new RegExp(`^arn:${partition}:iam::(?:aws|[0-9]{12}):policy/(?:[!-.0-~]+/)*[\\w+=,.@-]{1,128}$`),
  maxLength: 600,
  expected: 'the ARN of a managed policy, such as arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly',
}

export const externalId: TextRule = {
  pattern: /^[\w+=,.@:/-]{2,}$/,
  maxLength: 1224,
  expected: '2 to 1224 letters, digits and "_+=,.@:/-"',
}

const repository = `arn:${partition}:ecr:[a-z]{2,5}(?:-[a-z]{2,12})+-[0-9]{1,2}:[0-9]{12}:repository/[a-z0-9*](?:[a-z0-9._/*-]{0,254}[a-z0-9*])?`

/** One repository, or several by a trailing or inner `*`, as IAM compares ARNs. */
export const repositoryArn: TextRule = {
  pattern: new RegExp(`^${repository}$`),
  maxLength: 400,
  expected: 'arn:aws:ecr:REGION:ACCOUNT:repository/NAME, with * for any characters',
  knownMistake: (text) => {
    const [, account, place, name] =
      /^(?:https:\/\/)?([0-9]{12})\.dkr[.-]ecr\.([a-z0-9-]+)\.[a-z.]+\/([a-z0-9._/-]+?)\/?$/.exec(text) ?? []
    return name === undefined ? undefined : `its ARN: arn:aws:ecr:${place}:${account}:repository/${name}`
  },
}

/** One ARN, or several separated by commas. */
export const repositoryArns: TextRule = repositoryList(
  repositoryArn,
  new RegExp(`^${repository}(?:, ?${repository})*$`),
)

/** What `trust` calls a repository of `awsPublic`: an image of the public registry needs no permission, only its token does. */
export const publicRegistry = 'public.ecr.aws'

/** Characters: the maximum length of the subject in a response of STS. */
const longestSubject = 255

/** `from`: the source of the subject, for the error message. */
export function checkSubject(subject: string, from: string): PullpassError | undefined {
  if (subject.length <= longestSubject) return undefined
  return new PullpassError({
    code: 'SUBJECT_TOO_LONG',
    hop: 'subject-token',
    seen: `the subject of ${from} has ${subject.length} characters: ${subject}`,
    expected: `at most ${longestSubject}, the limit of AWS for a subject`,
    hint: 'use a service account and a namespace with shorter names',
  })
}

/** The OIDC provider of an issuer in an account: IAM names it after the URL without its scheme. */
export const providerArn = (partitionName: string, account: string, issuer: string): string =>
  `arn:${partitionName}:iam::${account}:oidc-provider/${providerKey(issuer)}`

/** Prefix of the condition keys of an issuer's tokens: `HOST/PATH:sub`. */
export const providerKey = (issuer: string): string => issuer.replace(/^https:\/\//, '')
