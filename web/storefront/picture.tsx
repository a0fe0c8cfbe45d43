// Pictures of what is sold, drawn here: no photograph, and no other host. Shapes take their colours from the page.

import type { JSX } from 'preact';
import './picture.css';

function Sneaker() {
  return (
    <>
      <ellipse class="shade" cx="204" cy="296" rx="150" ry="12" />
      {/* Sole */}
      <path class="sole" d="M56 258c-3 15 3 29 18 30 62 4 182 5 252 1 19-1 30-11 29-27-1-5-3-8-6-10z" />
      <path class="tread" d="M60 275c70 6 220 7 293 0-3 8-12 13-27 14-70 4-190 3-252-1-8-1-13-6-14-13z" />
      {/* Body */}
      <path
        class="body"
        d="M62 258c-7-22-6-58 3-88 3-10 12-14 21-9 16 9 34 10 49 2 12-6 22-17 31-28 6-8 17-9 24-2l66 62c14 13 34 19 56 23 28 5 42 18 42 40 0 0-180 6-292 0z"
      />
      {/* Toe and heel */}
      <path class="patch" d="M268 203c13 9 29 13 46 16 26 5 40 17 40 39l-88-1c-4-21-4-38 2-54z" />
      <path class="patch" d="M65 172c4-11 12-15 21-11 8 5 16 7 24 8 3 28-2 59-14 90l-34-1c-6-23-5-57 3-86z" />
      <path class="mark" d="M128 243c48 2 96-13 132-45-9 30-34 52-66 57-24 4-48 0-66-12z" />
      {/* Tongue, collar, laces */}
      <path
        class="inside"
        d="M135 163c12-6 22-17 31-28 6-8 17-9 24-2l10 9c-14 24-33 41-58 49-24 6-45 1-56-30 16 9 34 10 49 2z"
      />
      <g class="lace">
        <path d="M214 163l-18 22M230 177l-18 22M246 191l-17 21" />
      </g>
      <path class="seam" d="M86 257c13-29 19-57 18-84M266 257c-4-20-3-37 3-53" />
    </>
  );
}

function Ticket() {
  return (
    <>
      <ellipse class="shade" cx="200" cy="310" rx="130" ry="11" />
      <g transform="rotate(-14 200 200)">
        <path
          class="body"
          d="M70 130h260a10 10 0 0 1 10 10v34a26 26 0 0 0 0 52v34a10 10 0 0 1-10 10H70a10 10 0 0 1-10-10v-34a26 26 0 0 0 0-52v-34a10 10 0 0 1 10-10z"
        />
        <path class="patch" d="M262 130h68a10 10 0 0 1 10 10v34a26 26 0 0 0 0 52v34a10 10 0 0 1-10 10h-68z" />
        <path class="seam dashed" d="M262 138v124" />
        <path
          class="mark"
          d="M112 232c10-46 36-70 78-72-6 12-8 22-4 34 8 22-12 42-34 40-10 0-14-2-18-2-8 0-14 4-22 0z"
        />
        <path class="lace" d="M288 172v56M302 172v56M316 172v56" />
      </g>
    </>
  );
}

function Console() {
  return (
    <>
      <ellipse class="shade" cx="200" cy="294" rx="140" ry="11" />
      <path
        class="body"
        d="M124 138h152c52 0 82 44 88 104 3 32-14 50-36 50-20 0-32-12-46-32-6-8-12-12-24-12H142c-12 0-18 4-24 12-14 20-26 32-46 32-22 0-39-18-36-50 6-60 36-104 88-104z"
      />
      <path class="patch" d="M124 138h152c34 0 58 18 72 46H52c14-28 38-46 72-46z" />
      <path class="inside" d="M112 186h24v22h22v24h-22v22h-24v-22H90v-24h22z" />
      <circle class="mark" cx="272" cy="196" r="13" />
      <circle class="mark" cx="300" cy="220" r="13" />
      <circle class="mark" cx="244" cy="220" r="13" />
      <circle class="mark" cx="272" cy="244" r="13" />
      <path class="seam" d="M182 166h36" />
    </>
  );
}

function Poster() {
  return (
    <>
      <ellipse class="shade" cx="200" cy="330" rx="104" ry="10" />
      <g transform="rotate(5 200 200)">
        <path class="sole" d="M110 76h180v244H110z" />
        <path class="inside" d="M122 88h156v220H122z" />
        <circle class="patch" cx="200" cy="166" r="46" />
        <path class="body" d="M122 246l46-52 38 40 30-30 42 46v58H122z" />
        <path class="mark" d="M122 282l60-34 44 30 52-22v52H122z" />
      </g>
    </>
  );
}

function Box() {
  return (
    <>
      <ellipse class="shade" cx="200" cy="312" rx="128" ry="11" />
      <path class="body" d="M84 170l116 46v98L84 264z" />
      <path class="patch" d="M316 170l-116 46v98l116-50z" />
      <path class="sole" d="M84 170l116-46 116 46-116 46z" />
      <path class="mark" d="M142 147l116 46v34l-22 9v-34l-116-46z" />
      <path class="seam" d="M200 216v98" />
    </>
  );
}

/** By what the name of the product speaks of; a parcel for all else. */
const PICTURES: readonly [RegExp, () => JSX.Element][] = [
  [/sneaker|shoe|runner|low\b|trainer/i, Sneaker],
  [/ticket|concert|festival|seat/i, Ticket],
  [/console|gamepad|controller|game/i, Console],
  [/poster|print|vinyl|record/i, Poster],
];

/** A picture for a product of this name. It says nothing that the name beside it does not. */
export function Picture({ name }: { readonly name: string }) {
  const Drawn = PICTURES.find(([words]) => words.test(name))?.[1] ?? Box;
  return (
    <figure class="picture">
      <svg viewBox="0 0 400 400" aria-hidden="true" focusable="false">
        <circle class="sun" cx="200" cy="196" r="150" />
        <circle class="ring" cx="200" cy="196" r="176" />
        <Drawn />
      </svg>
    </figure>
  );
}
