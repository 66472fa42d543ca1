/**
 * Installs programs in Python, each in a virtual environment outside the repository. Run as a script it prints their folders.
 *
 *   moto       a third-party emulator of AWS, `bin/python -m moto.server`: https://docs.getmoto.org/en/latest/docs/server_mode.html
 *   awscli     the AWS CLI, `bin/python -m awscli`: https://docs.aws.amazon.com/cli/v1/reference. AWS publishes version 2 only as an
 *              installer; the commands in the guides are the same in both.
 *   azure-cli  the Azure CLI, `bin/python -m azure.cli`: https://learn.microsoft.com/cli/azure/reference-index
 *   tencent    Tencent's client for the services that are used: https://www.tencentcloud.com/document/product/494/7244
 */
import { join } from 'node:path'
import { cachedFolder } from './cached-folder.ts'
import { runInstaller } from './run-installer.ts'

const requirements = {
  moto: ['moto[server]==5.2.5'],
  awscli: ['awscli==1.46.3'],
  'azure-cli': ['azure-cli==2.91.0'],
  tencent: [
    'tencentcloud-sdk-python-common==3.1.195',
    'tencentcloud-sdk-python-cam==3.1.181',
    'tencentcloud-sdk-python-sts==3.0.1459',
    'tencentcloud-sdk-python-tcr==3.1.189',
  ],
} as const

type PythonProgram = keyof typeof requirements

const programs: readonly PythonProgram[] = ['moto', 'awscli', 'azure-cli', 'tencent']

const remedy = 'apt-get install --no-install-recommends python3-venv'

/**
 * The folder of its environment. It is run with `bin/python -m`, because the shebang lines of scripts name the temporary folder.
 * @throws AbsentPart if it cannot be installed
 */
export const installPythonProgram = (name: PythonProgram): Promise<string> =>
  cachedFolder(name, requirements[name], async (folder) => {
    await runInstaller('python3', ['-m', 'venv', folder], remedy)
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements[name]]
    await runInstaller(join(folder, 'bin/python'), pip, 'it needs a package index')
  })

if (import.meta.main) for (const name of programs) console.log(await installPythonProgram(name))
