/**
 * AWS for a guide's commands, under AWS's host names: the sandbox's IAM, STS and ECR, which verify tokens, signatures and
 * permissions, with a registry; moto for S3; and the AWS CLI with credentials.
 */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { awsIn } from '../../sandbox/aws/vendor.ts'
import type { Sandbox } from '../../sandbox/start-sandbox.ts'
import type { PartContext } from '../parts/process/start-part.ts'
import { startAwsCli } from '../parts/process/start-python-program.ts'
import { startMoto } from '../parts/stores/start-moto.ts'
import { startMotoProxy } from '../parts/stores/start-moto-proxy.ts'
import { createEcrRegistry } from './ecr-registry.ts'
import type { HttpsProxy } from './start-https-proxy.ts'

const region = 'eu-central-1'
const buckets = ['example-issuer.s3.amazonaws.com', `example-issuer.s3.${region}.amazonaws.com`]

interface AwsOptions {
  /** Home folder of the guide's reader. */
  readonly home: string
  readonly proxy: HttpsProxy
  readonly sandbox: Sandbox
}

/** @throws AbsentPart if moto or the AWS CLI cannot be installed */
export async function startAws({ use, defer }: PartContext, { home, proxy, sandbox }: AwsOptions): Promise<void> {
  const { authority } = sandbox
  const moto = await use(startMoto('disabled'))
  const { port, close } = await startMotoProxy(moto.url, authority, buckets)
  defer(close)
  proxy.route(buckets, port)
  const { handlers, accountId, authenticate, environment } = await sandbox.start(async () => awsIn(region))
  const services = {
    'iam.amazonaws.com': handlers.iam,
    [`sts.${region}.amazonaws.com`]: handlers.sts,
    [`api.ecr.${region}.amazonaws.com`]: handlers.ecr,
    [`${accountId}.dkr.ecr.${region}.amazonaws.com`]: createEcrRegistry(authenticate),
  }
  await proxy.serve(services, authority)
  await symlink((await use(startAwsCli())).file, join(home, 'bin/aws'))
  await writeCredentials(home, environment)
}

/** In files, as `aws configure` writes them: variables would take precedence over what a guide exports. */
async function writeCredentials(home: string, operator: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(home, '.aws'))
  await writeFile(join(home, '.aws/config'), `[default]\nregion = ${region}\n`)
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = operator
  const keys = `aws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`
  await writeFile(join(home, '.aws/credentials'), `[default]\n${keys}`, { mode: 0o600 })
}
