"""The chapters that come with the program: read once, for all the tests that are made from them."""

from fastai_tui.lessons import loader

CHAPTERS = {chapter.slug: chapter for chapter in loader.chapters()}
STEPS = [(chapter.slug, step.id) for chapter in CHAPTERS.values() for step in chapter.steps]
