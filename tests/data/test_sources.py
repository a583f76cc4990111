from __future__ import annotations

from pathlib import Path

import pytest

from cervix_models.data.cric import read_nuclei
from cervix_models.data.sources import recognise
from cervix_models.errors import DataError
from tests.data import made


def names(listing) -> set[str]:
    return {each.path.relative_to(listing.root).as_posix() for each in listing.found}


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".png", ".JPG"])
def test_sipakmed_crops_are_recognised(tmp_path, suffix) -> None:
    listing = recognise(made.sipakmed_crops(tmp_path, suffix))
    assert listing.source == "sipakmed"
    assert len(listing.found) == 20
    assert {each.cluster for each in listing.found if each.label == "Metaplastic"} == {
        "Metaplastic/001",
        "Metaplastic/002",
    }
    assert {each.kind for each in listing.found} == {"cell"}


@pytest.mark.parametrize("beside", [False, True])
def test_the_full_download_is_recognised_with_fields_and_outlines(tmp_path, beside) -> None:
    listing = recognise(made.sipakmed_full(tmp_path, beside=beside))
    assert listing.source == "sipakmed"
    inner = "im_Koilocytotic/im_Koilocytotic"
    assert {f"{inner}/012.bmp", f"{inner}/CROPPED/012_01.bmp"} < names(listing)
    (cell,) = [e for e in listing.found if e.kind == "cell" and e.label == "Koilocytotic"]
    assert cell.cluster == "Koilocytotic/012"
    assert cell.field == tmp_path / inner / "012.bmp"
    folder = tmp_path / inner / ("CROPPED" if beside else "")
    assert cell.cytoplasm == folder / ("012_01_cyt.dat" if beside else "012_cyt01.dat")
    assert cell.nucleus == folder / ("012_01_nuc.dat" if beside else "012_nuc01.dat")


def test_a_class_of_the_full_download_may_lie_one_folder_higher(tmp_path) -> None:
    made.sipakmed_full(tmp_path / "deep")
    for label in ("Koilocytotic", "Superficial-Intermediate"):
        inner = tmp_path / "deep" / f"im_{label}" / f"im_{label}"
        (tmp_path / "flat").mkdir(exist_ok=True)
        inner.rename(tmp_path / "flat" / f"im_{label}")
    assert len(recognise(tmp_path / "flat").found) == 4


@pytest.mark.parametrize("suffix", [".png", ".BMP", ".bmp"])
def test_herlev_is_recognised_and_grouped_by_capture(tmp_path, suffix) -> None:
    listing = recognise(made.herlev(tmp_path, suffix))
    assert listing.source == "herlev"
    assert len(listing.found) == 6
    assert all(each.mask and each.mask.is_file() for each in listing.found)
    assert {each.cluster for each in listing.found if each.label == "normal_columnar"} == {
        "normal_columnar/149143370-149143378",
        "normal_columnar/209307421-209307597",
    }


def test_cric_is_recognised_by_its_table(tmp_path) -> None:
    listing = recognise(made.cric(tmp_path))
    assert (listing.source, len(listing.found)) == ("cric", 2)
    assert {(each.kind, each.label) for each in listing.found} == {("field", None)}
    first, second = read_nuclei(tmp_path)
    assert (first.bethesda, first.x, first.y) == ("LSIL", 58.8, 39.1)
    assert second.image.startswith("03f5")


def test_crics_own_table_is_read(tmp_path) -> None:
    made.cric(tmp_path)
    text = (
        (tmp_path / "nuclei.csv")
        .read_text()
        .replace(
            "image,cell_id,bethesda,x,y",
            "image_filename,cell_id,bethesda_system,nucleus_x,nucleus_y",
        )
    )
    (tmp_path / "nuclei.csv").unlink()
    (tmp_path / "classifications.csv").write_text(text)
    assert recognise(tmp_path).source == "cric"
    assert read_nuclei(tmp_path)[0].x == 58.8


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("image,x\n", "has the columns image, x; image, bethesda, x and y were expected"),
        ("", r"has the columns \(none\)"),
        ("image,bethesda,x,y\na.jpg,LSIL,left,3\n", "Line 2 of .* gives the centre 'left', '3'"),
    ],
)
def test_a_broken_table_of_nuclei_is_refused(tmp_path, text, sentence) -> None:
    (tmp_path / "nuclei.csv").write_text(text)
    with pytest.raises(DataError, match=sentence):
        read_nuclei(tmp_path)


def test_any_folder_of_classes_is_recognised(tmp_path) -> None:
    for number, label in enumerate(("HSIL", "im_Parabasal", "im_Parabasal", "HSIL")):
        made.save(tmp_path / label / f"img ({number}).png", number)
    (tmp_path / "notes.txt").write_text("kept by hand")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    listing = recognise(tmp_path)
    assert listing.source == "folder"
    assert {each.label for each in listing.found} == {"HSIL", "Parabasal"}
    assert len({each.cluster for each in listing.found}) == 4


def test_folders_an_archive_wraps_around_are_passed_through(tmp_path) -> None:
    made.sipakmed_crops(tmp_path / "archive" / "sipakmed")
    assert recognise(tmp_path).root == tmp_path / "archive" / "sipakmed"


def test_a_single_class_is_a_data_set_too(tmp_path) -> None:
    made.save(tmp_path / "LSIL" / "a.png", 1)
    listing = recognise(tmp_path)
    assert [each.label for each in listing.found] == ["LSIL"]


def classes(root: Path) -> None:
    made.save(root / "LSIL" / "a.png", 1)
    made.save(root / "HSIL" / "b.png", 2)


def test_a_set_split_already_is_refused_with_what_to_give(tmp_path) -> None:
    classes(tmp_path / "train")
    classes(tmp_path / "test")
    with pytest.raises(DataError, match=r"holds test, train.*Import one of them: .*test"):
        recognise(tmp_path)
    assert len(recognise(tmp_path / "train").found) == 2


def test_loose_images_beside_classes_are_refused(tmp_path) -> None:
    classes(tmp_path)
    made.save(tmp_path / "stray.png", 3)
    with pytest.raises(DataError, match="images beside its class folders"):
        recognise(tmp_path)


def test_classes_in_classes_are_refused(tmp_path) -> None:
    classes(tmp_path)
    made.save(tmp_path / "HSIL" / "more" / "c.png", 3)
    with pytest.raises(DataError, match=r"two folders deep \(in HSIL\)"):
        recognise(tmp_path)


@pytest.mark.parametrize("what", ["missing", "file", "empty", "no images"])
def test_what_is_no_data_set_is_refused(tmp_path, what) -> None:
    path = tmp_path / "set"
    if what == "file":
        path.write_text("x")
    elif what != "missing":
        path.mkdir()
    if what == "no images":
        (path / "LSIL").mkdir()
        (path / "LSIL" / "a.txt").write_text("x")
    sentence = "is not a folder" if what in ("missing", "file") else "holds no folder of images"
    with pytest.raises(DataError, match=sentence):
        recognise(path)
