/**
 * Installs AWS's own command line: https://docs.aws.amazon.com/cli/v1/reference. It is of version 1, since AWS publishes 2 as
 * an installer alone; what the guides ask of it is the same in both. Run by itself it prints the folder that holds it, where
 * it is `bin/python -m awscli`.
 */
import { pythonEnvironment } from './python-environment.ts'

export const installAwscli = (): Promise<string> => pythonEnvironment('awscli', 'awscli==1.46.3')

if (import.meta.main) console.log(await installAwscli())
