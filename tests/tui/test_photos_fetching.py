"""The pane of photos gets dogs and cats while it shows what there is meanwhile."""

from typing import Any

from fastai_tui.app.tui.panes.photos.photos import PhotosPane
from tests.tui.host import SilentLab, play, scene, settled
from tests.tui.test_images_pane import SlowGetting
from tests.tui.test_photo_panes import facts, photo


class Shop(PhotosPane):
    """The pane, with a download that fetches nothing."""

    def get(self) -> SlowGetting:
        return SlowGetting()

    @property
    def slow(self) -> SlowGetting:
        """The one that is going on."""
        assert isinstance(self.getting, SlowGetting)
        return self.getting


class Photos(SilentLab):
    """Dogs and cats are here once they have arrived."""

    here = False

    def __init__(self) -> None:
        super().__init__({"photo_facts": self.facts, "photo": photo})

    def facts(self, data: str) -> Any:
        return facts("dogscats" if self.here and not data else data)


def made(lab: Any = None, **given: Any) -> Shop:
    return Shop(scene("photos", lab=lab or Photos(), **given))


def test_l_gets_the_photos_and_then_they_are_shown() -> None:
    lab = Photos()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        assert pane.command() == ("data", "get", "dogscats")
        await pilot.press("l")
        assert "its server is asked" in pane.sheet.text
        assert "photo-activations: 150 + 50 photos" in pane.sheet.text
        pane.slow.arrives(85_000_000)
        pane._watched()
        assert "50%" in pane.sheet.text
        assert "dogscats is on its way: 50%." in pane.sentence()
        assert (pane.check_action("load", ()), pane.check_action("stop", ())) == (False, True)
        lab.here = pane.slow.here = pane.slow.ended = True
        pane._watched()
        await settled(pilot)

    text = play(pane, drive=drive)
    assert "dogscats: 150 + 50 photos" in text
    assert (pane.measured()["data"], pane.measured()["here"], pane.measured()["own"]) == ("dogscats", 1, 0)
    assert pane.check_action("load", ()) is False
    assert pane.command() == ("data", "list")


def test_u_stops_and_z_first_puts_away_what_is_said() -> None:
    text = play(pane := made(), "l", "u")
    assert "Stopped: what has arrived" in text
    assert pane.check_action("reset", ()) is False
    text = play(pane := made(), "l", "u", "z")
    assert "Stopped" not in text
    assert pane.check_action("reset", ()) is True


def test_other_photos_stay_in_sight_when_they_arrive() -> None:
    lab = Photos()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        for key in ("l", "e", *"/mine", "enter"):
            await pilot.press(key)
            await settled(pilot)
        lab.here = pane.slow.here = pane.slow.ended = True
        pane._watched()
        await settled(pilot)
        assert "/mine: 150 + 50 photos" in pane.sheet.text
        await pilot.press("z")
        await settled(pilot)

    assert "dogscats: 150 + 50" in play(pane, drive=drive)


def test_where_others_are_wanted_nothing_is_fetched() -> None:
    pane = made(show={"data": "dogbreeds"})
    play(pane, "l")
    assert pane.getting is None


def test_an_l_that_is_typed_fetches_nothing() -> None:
    pane = made()
    assert "A folder of photos: luz" in play(pane, "e", *"luz")
    assert pane.getting is None
