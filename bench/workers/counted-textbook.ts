import { counting } from './counting.ts';
import textbook from './textbook.ts';

export * from './textbook.ts';
export default counting(textbook);
