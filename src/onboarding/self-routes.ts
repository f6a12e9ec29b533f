import { nothing } from '../control/input.ts';
import { type Route, route } from '../control/route.ts';
import { ROTATE_PATH, rotateOwnKey } from './rotate.ts';
import type { Visit } from './trial.ts';

/** What a key may ask for itself. */
export const SELF_ROUTES: readonly Route<Visit>[] = [
  route(
    'POST',
    ROTATE_PATH,
    nothing,
    {
      id: 'rotateOwnKey',
      summary: 'Rotate the key that is sent',
      answers: {},
      denials: ['trial_rotation', 'not_found'],
      example: {},
    },
    rotateOwnKey,
  ),
];
