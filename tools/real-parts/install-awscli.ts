/**
 * Installs the AWS CLI: https://docs.aws.amazon.com/cli/v1/reference. Version 1, because AWS publishes version 2 only as
 * an installer; the commands in the guides are the same in both. Run as a script it prints its folder; the command is
 * `bin/python -m awscli`.
 */
import { pythonEnvironment } from './python-environment.ts'

export const installAwscli = (): Promise<string> => pythonEnvironment('awscli', 'awscli==1.46.3')

if (import.meta.main) console.log(await installAwscli())
