# The public names: what type checkers see, and what is imported on first use.

from . import (
    compute as compute, datasets as datasets, errors as errors, evaluation as evaluation,
    language as language, models as models, panels as panels, plots as plots, reports as reports,
)  # fmt: skip
from .compute import Neighbours as Neighbours, encode as encode, similar as similar
from .datasets import (
    Dataset as Dataset,
    load as load,
    read as read,
    split as split,
    synthetic as synthetic,
)
from .evaluation import compare as compare, evaluate as evaluate, tune as tune
from .language import (
    Copywriter as Copywriter,
    Pool as Pool,
    Review as Review,
    ServerModel as ServerModel,
    Voice as Voice,
    evaluate_copy as evaluate_copy,
)
from .models import (
    ALS as ALS,
    BPR as BPR,
    EASE as EASE,
    Attribute as Attribute,
    Baseline as Baseline,
    BiasedMF as BiasedMF,
    Calibrated as Calibrated,
    ContentBased as ContentBased,
    Demographic as Demographic,
    Diversity as Diversity,
    ExposureCap as ExposureCap,
    Hybrid as Hybrid,
    InStock as InStock,
    Interview as Interview,
    ItemKNN as ItemKNN,
    KNNBaseline as KNNBaseline,
    MaxPer as MaxPer,
    NotBought as NotBought,
    P3alpha as P3alpha,
    Popular as Popular,
    RP3beta as RP3beta,
    Sequential as Sequential,
    UserKNN as UserKNN,
    load_model as load_model,
)
from .reports import report as report

__version__: str
