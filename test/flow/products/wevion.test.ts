import { afterAll, beforeAll, describe } from 'vitest';
import { conform } from './document.ts';
import { openScene, type Scene } from './scene.ts';
import { wevion } from './wevion.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(wevion);
});
afterAll(() => scene?.close());

describe('Wevion', () => conform(wevion, () => scene));
