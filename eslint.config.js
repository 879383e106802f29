import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', '**/fixtures/'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: false, project: './tsconfig.json' } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'ExportAllDeclaration', message: 'Re-export by name.' },
        {
          selector: "CallExpression[callee.property.name='kill'] LogicalExpression[operator='??']",
          message: 'kill(0) ends the whole process group of whoever runs this: a pid that may be absent is an error.',
        },
      ],
      // Optional chaining counts as a branch, so the limit is not lower.
      complexity: ['error', 20],
    },
  },
  { files: ['*.config.ts', '*.config.js', 'test/**/*.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
