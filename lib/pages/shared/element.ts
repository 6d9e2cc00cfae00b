type Attributes = Record<string, string | number>;
type Child = Node | string | undefined;

/** An element with attributes and children; text goes in as text, never as markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[Tag] {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled<Made extends Element>(made: Made, attributes: Attributes, children: Child[]): Made {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** @throws when the page lacks it */
export const byId = (id: string) => find(document, `#${id}`);

/** A part of a copied template, by its `data-part`. @throws when the template lacks it */
export const part = (root: HTMLElement, name: string) => find(root, `[data-part="${name}"]`);

/** A copy of the `<template>` with this id. @throws when the page lacks it */
export function copyOf(id: string): HTMLElement {
  const template = byId(id);
  if (!(template instanceof HTMLTemplateElement)) throw new Error(`#${id} is no template`);
  return find(document.importNode(template.content, true), "*");
}

function find(root: ParentNode, selector: string): HTMLElement {
  const found = root.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}
