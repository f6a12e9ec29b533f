import keystile from '../../src/index.ts';
import { counting } from './counting.ts';

export * from '../../src/index.ts';
export default counting(keystile);
