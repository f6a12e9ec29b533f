import { orThrow } from '../client/client.ts';
import { command } from './command.ts';
import { EXIT } from './exit.ts';
import { limitFields } from './keys.ts';
import { cell } from './output.ts';

const ANYONE = ['admin', 'session', 'key'] as const;

/** Who the gateway takes one for. */
export const whoAmI = command({
  name: 'whoami',
  args: [],
  summary: 'Show who the gateway takes you for',
  as: ANYONE,
  options: { account: { type: 'string', value: 'ID', about: 'the account that is meant, for sessions of several' } },
  more: '',
  async run({ output, open }) {
    const { as, keystile, baseUrl } = await open(ANYONE);
    const where = { as, gateway: baseUrl };
    switch (as) {
      case 'admin': {
        const { policy } = await orThrow(keystile.GET('/admin/v1/status'));
        if (output.json) output.value({ ...where, policy });
        else output.fields({ ...where, preset: policy.preset, 'policy digest': policy.digest });
        return EXIT.ok;
      }
      case 'session': {
        const account = await orThrow(keystile.GET('/api/v1/user/account'));
        const { id, name, plan, status, member } = account;
        if (output.json) output.value({ ...where, account });
        else output.fields({ ...where, member: member.id, role: member.role, account: id, name, plan, status });
        return EXIT.ok;
      }
      case 'key': {
        const key = await orThrow(keystile.GET('/api/v1/keys/apikey'));
        const { usage, ...fields } = key;
        const shown = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cell(value)]));
        if (output.json) output.value({ ...where, key });
        else output.fields({ ...where, ...shown, ...limitFields(usage) });
        return EXIT.ok;
      }
    }
  },
});
