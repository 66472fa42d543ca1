/**
 * AWS for a guide's commands: S3, IAM and STS under AWS's host names (moto, which accepts any identity and any token), a
 * registry that accepts the password that moto issues, and the AWS CLI with credentials.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { installAwscli } from '../../tools/real-parts/install-awscli.ts'
import type { PartContext } from '../parts/process/start-part.ts'
import { startMoto } from '../parts/stores/start-moto.ts'
import { startMotoProxy } from '../parts/stores/start-moto-proxy.ts'
import { createEcrRegistry } from './ecr-registry.ts'
import type { HttpsProxy } from './start-https-proxy.ts'

const region = 'eu-central-1'
const regional = ['example-issuer.s3', 'sts', 'api.ecr'].map((service) => `${service}.${region}.amazonaws.com`)
const names = ['example-issuer.s3.amazonaws.com', 'iam.amazonaws.com', ...regional]
const account = '123456789012'

interface AwsOptions {
  /** Home folder of the guide's reader. */
  readonly home: string
  readonly proxy: HttpsProxy
  readonly authority: CertificateAuthority
}

/** @throws AbsentPart if moto or the AWS CLI cannot be installed */
export async function startAws({ use, defer }: PartContext, { home, proxy, authority }: AwsOptions): Promise<void> {
  const moto = await use(startMoto('disabled'))
  const { port, close } = await startMotoProxy(moto.url, authority, names)
  defer(close)
  proxy.route(names, port)
  await proxy.serve(
    { [`${account}.dkr.ecr.${region}.amazonaws.com`]: createEcrRegistry(`${account}-auth-token`) },
    authority,
  )
  await writeCredentials(home)
}

/** In files, as `aws configure` writes them: variables would take precedence over what a guide exports. */
async function writeCredentials(home: string): Promise<void> {
  const program = join(home, 'bin/aws')
  await writeFile(program, `#!/bin/sh\nexec '${await installAwscli()}/bin/python' -m awscli "$@"\n`)
  await chmod(program, 0o755)
  await mkdir(join(home, '.aws'))
  await writeFile(join(home, '.aws/config'), `[default]\nregion = ${region}\n`)
  const keys = 'aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = not-checked\n'
  await writeFile(join(home, '.aws/credentials'), `[default]\n${keys}`, { mode: 0o600 })
}
