/** Currencies by ISO 4217: which there are, and how many decimals their amounts have. */
export { currencies, minorUnitDigits } from './iso-4217';
