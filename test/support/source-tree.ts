// The source code as data: what every file imports and exports, and which names it uses. Read by TypeScript's own parser.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

/** Something that a file takes from another one or from a package. */
export interface Import {
  /** As written: `#job/manifest.ts`, `./walk.ts`, `node:fs`. */
  readonly specifier: string;
  /** Path below the checkout; absent for packages and Node's own modules. */
  readonly file?: string;
  /** Names that are taken; `*` for all of them. */
  readonly names: readonly string[];
}

/** Something that a file gives away. */
export interface Export {
  readonly name: string;
  readonly isType: boolean;
  /** Its own file names it besides declaring it. */
  readonly isUsedInside: boolean;
}

/** One file of TypeScript. */
export interface SourceFile {
  /** Below the checkout: `src/job/manifest.ts`. */
  readonly path: string;
  /** `job` for what lies in `src/job/`, else the path. */
  readonly room: string;
  readonly lineCount: number;
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  /** Names and dotted names in the code (`process.env`, `Date.now`); `new Date()` where it has no argument. */
  readonly uses: ReadonlySet<string>;
}

const ROOT = join(import.meta.dirname, '..', '..');

/** Reads all files of these folders. */
export const readSources = (folders: readonly string[]): readonly SourceFile[] =>
  folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT }).toSorted().map(readSource));

const readSource = (path: string): SourceFile => {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const nodes = [...descend(tree)];
  const names = nodes.filter(ts.isIdentifier).map((node) => node.text);
  return {
    path,
    room: /^src\/([^/]+)\//u.exec(path)?.[1] ?? path,
    lineCount: text.split('\n').length - 1,
    imports: nodes.flatMap((node) => importsOf(path, node)),
    exports: tree.statements.flatMap((statement) => exportsOf(statement, names)),
    uses: new Set([...names, ...nodes.flatMap(dottedName)]),
  };
};

function* descend(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* descend(child);
}

const importsOf = (path: string, node: ts.Node): readonly Import[] => {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return [takeFrom(path, node.moduleSpecifier.text, namesOf(node.importClause))];
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    return [takeFrom(path, node.moduleSpecifier.text, ['*'])];
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    return argument !== undefined && ts.isStringLiteral(argument)
      ? [takeFrom(path, argument.text, destructuredNames(node))]
      : [];
  }
  return [];
};

const namesOf = (clause: ts.ImportClause | undefined): readonly string[] => {
  const bindings = clause?.namedBindings;
  if (bindings === undefined || ts.isNamespaceImport(bindings)) return ['*'];
  return bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
};

// `const { a } = await import('...')` takes a alone.
const destructuredNames = (call: ts.CallExpression): readonly string[] => {
  const declaration = call.parent.parent;
  if (!ts.isVariableDeclaration(declaration) || !ts.isObjectBindingPattern(declaration.name)) return ['*'];
  return declaration.name.elements.map(({ name, propertyName }) => (propertyName ?? name).getText());
};

const takeFrom = (path: string, specifier: string, names: readonly string[]): Import => {
  if (specifier.startsWith('#')) return { specifier, file: join('src', specifier.slice(1)), names };
  if (specifier.startsWith('.'))
    return { specifier, file: relative(ROOT, join(ROOT, dirname(path), specifier)), names };
  return { specifier, names };
};

const exportsOf = (statement: ts.Statement, names: readonly string[]): readonly Export[] => {
  if (!ts.canHaveModifiers(statement)) return [];
  const isExported = ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
  if (!isExported) return [];
  const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
  return declaredNames(statement).map((name) => ({
    name,
    isType,
    isUsedInside: names.filter((found) => found === name).length > 1,
  }));
};

const declaredNames = (statement: ts.Statement): readonly string[] => {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const isNamed =
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement);
  return isNamed && statement.name !== undefined ? [statement.name.text] : [];
};

const dottedName = (node: ts.Node): readonly string[] => {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    return [`${node.expression.text}.${node.name.text}`];
  }
  if (ts.isNewExpression(node) && (node.arguments?.length ?? 0) === 0) return [`new ${node.expression.getText()}()`];
  return [];
};
