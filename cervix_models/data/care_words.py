"""The words of the care page, checked against the sources in `care_sources`.

The Bethesda context of each class is that of this project's rules of safety, which a clinician must
review before it is used to teach clinical practice.
"""

from __future__ import annotations

from cervix_models.data import care_prevention
from cervix_models.data.care import Approach, Content, Context, Position, Rung, said
from cervix_models.language import later

LIMITS = (
    said(
        later(
            "The class of one cell is not the category of a slide, and the category of a slide is "
            "not a plan of treatment: that takes history, age and the HPV result."
        ),
        "rules",
        "asccp",
    ),
    said(
        later("No cell of the data set has an HPV test or a biopsy behind it."),
        "rules",
    ),
)

CONTEXT = (
    Context(
        "Dyskeratotic",
        later("Disputed: ASC-US to HSIL, by the atypia of the nucleus"),
        "low",
        (said(later("It is not a category of the Bethesda system."), "rules", "bethesda"),),
    ),
    Context(
        "Koilocytotic",
        later("LSIL spectrum, the effect of HPV on the cell"),
        "good",
        (
            said(
                later(
                    "The changes of an HPV infection, earlier called koilocytosis, are included "
                    "in LSIL."
                ),
                "merck",
            ),
            said(
                later(
                    "A halo round the nucleus without an abnormal nucleus does not qualify for "
                    "LSIL."
                ),
                "unmc",
                "rules",
            ),
        ),
    ),
    Context(
        "Metaplastic",
        later("NILM, squamous metaplasia"),
        "high",
        (
            said(
                later(
                    "Squamous metaplasia is a non-neoplastic finding, and reporting it is optional."
                ),
                "merck",
                "rules",
            ),
            said(later("Immature metaplasia can mimic ASC-H."), "rules"),
        ),
    ),
    Context(
        "Parabasal",
        later("NILM; atrophy, or the time after childbirth"),
        "high",
        (
            said(
                later(
                    "Atrophy and changes of pregnancy are non-neoplastic variations: parabasal "
                    "cells are no mark of risk."
                ),
                "rules",
                "merck",
            ),
        ),
    ),
    Context(
        "Superficial-Intermediate",
        later("NILM"),
        "high",
        (said(later("They are normal cells of a mature epithelium."), "rules", "sipakmed"),),
    ),
)

POSITIONS = (
    Position(
        later("The data set"),
        said(
            later("It counts dyskeratotic cells among its abnormal cells, beside koilocytes."),
            "sipakmed",
        ),
    ),
    Position(
        later("Bethesda: not neoplastic"),
        said(
            later(
                "Keratotic changes stand among the non-neoplastic findings, which are reported or "
                "left out as the laboratory chooses."
            ),
            "merck",
        ),
    ),
    Position(
        later("Bethesda: low grade"),
        said(
            later(
                "Dense, orange cytoplasm belongs to the picture of LSIL, but only where the "
                "nucleus is abnormal as well."
            ),
            "unmc",
        ),
    ),
    Position(
        later("High grade"),
        said(
            later(
                "Single keratinised cells with enlarged, dark, irregular nuclei and little "
                "cytoplasm have been read as keratinising dysplasia, which is HSIL."
            ),
            "bccancer",
        ),
    ),
    Position(
        later("A study with biopsies"),
        said(
            later(
                "Of 54 smears with abnormally keratinised cells, the biopsy showed an "
                "intraepithelial lesion in 29 and none in 25; the outline and the chromatin of the "
                "nuclei told them apart."
            ),
            "keratinised",
        ),
    ),
    Position(
        later("A study of milder changes"),
        said(
            later(
                "Of 566 women with hyperkeratosis or parakeratosis, no dyskeratosis named, on an "
                "otherwise normal smear, 0.4 % had moderate or severe dysplasia and 5 % mild "
                "dysplasia; no carcinoma was found."
            ),
            "zahn",
        ),
    ),
)

LADDER = (
    Rung(
        0.0,
        0.15,
        "five years",
        later("Return in 5 years"),
        said(
            later("Below 0.15 % in five years: screening again in 5 years, by an HPV-based test."),
            "asccp",
        ),
    ),
    Rung(
        0.15,
        0.55,
        "five years",
        later("Return in 3 years"),
        said(
            later("From 0.15 % to under 0.55 % in five years: again in 3 years."),
            "asccp",
        ),
    ),
    Rung(
        0.55,
        None,
        "five years",
        later("Return in 1 year"),
        said(
            later("0.55 % or more in five years, but below 4 % now: again in 1 year."),
            "asccp",
        ),
    ),
    Rung(
        4.0,
        25.0,
        "now",
        later("Colposcopy"),
        said(later("4 % or more now: colposcopy is recommended."), "asccp"),
    ),
    Rung(
        25.0,
        60.0,
        "now",
        later("Expedited treatment or colposcopy"),
        said(
            later(
                "From 25 % to under 60 % now: treatment without a biopsy before it, or colposcopy "
                "with biopsy; both are acceptable in those who are 25 or older and not pregnant."
            ),
            "asccp",
        ),
    ),
    Rung(
        60.0,
        None,
        "now",
        later("Expedited treatment preferred"),
        said(
            later(
                "60 % or more now: treatment without a biopsy before it is preferred, and "
                "colposcopy with biopsy acceptable, in those who are 25 or older and not pregnant."
            ),
            "asccp",
        ),
    ),
)

LADDER_LIMITS = (
    said(
        later(
            "The risk is estimated from present results together with earlier ones: it needs the "
            "history, the age and the HPV result."
        ),
        "asccp",
        "rules",
    ),
)

PLANS = (
    said(
        later(
            "ASC-US with a negative HPV test, earlier result unknown or negative: HPV test again "
            "in 3 years."
        ),
        "cdc",
    ),
    said(
        later(
            "ASC-US with a positive HPV test after a negative screening within five years: HPV "
            "test again in 1 year."
        ),
        "cdc",
    ),
    said(
        later("ASC-US with a positive HPV test, earlier result unknown or positive: colposcopy."),
        "cdc",
    ),
)

APPROACHES = (
    Approach(
        ("Superficial-Intermediate", "Parabasal"),
        said(later("Regular monitoring and routine Pap smears."), "seed"),
        (
            said(
                later(
                    "WHO recommends an HPV DNA test rather than cytology as the first test of "
                    "screening, where it is in operation; how often depends on age and results, "
                    "and no cell class says it."
                ),
                "who_screening",
                "rules",
            ),
        ),
    ),
    Approach(
        ("Metaplastic",),
        said(
            later(
                "Regular follow-up; no treatment in general, unless there are pre-cancerous "
                "lesions as well."
            ),
            "seed",
        ),
        (
            said(
                later(
                    "As a non-neoplastic finding it stays within a negative smear (NILM); what "
                    "follows a negative smear depends on the HPV result and the history."
                ),
                "merck",
                "cdc",
            ),
        ),
    ),
    Approach(
        ("Koilocytotic",),
        said(
            later(
                "Close monitoring and repeated Pap smears; colposcopy and biopsy if the change "
                "persists."
            ),
            "seed",
        ),
        (
            said(
                later(
                    "For a slide reported as LSIL the plan hangs on the HPV test: again in 1 year "
                    "where it is negative and nothing earlier was positive; colposcopy where it is "
                    "positive and the earlier result unknown or positive."
                ),
                "cdc",
            ),
        ),
    ),
    Approach(
        ("Dyskeratotic",),
        said(
            later(
                "As for koilocytotic cells: careful monitoring, further tests, possibly a biopsy."
            ),
            "seed",
        ),
        (
            said(
                later(
                    "There is no plan for dyskeratotic cells as such. It follows what the slide is "
                    "reported as, which may be anything from ASC-US to HSIL."
                ),
                "rules",
            ),
            said(
                later(
                    "HSIL leads to colposcopy or expedited treatment, and with HPV 16 to expedited "
                    "treatment; the table names exceptions."
                ),
                "cdc",
            ),
        ),
    ),
)

CONTENT = Content(
    limits=LIMITS,
    context=CONTEXT,
    positions=POSITIONS,
    ladder=LADDER,
    ladder_limits=LADDER_LIMITS,
    plans=PLANS,
    approaches=APPROACHES,
    vaccination=care_prevention.VACCINATION,
    screening=care_prevention.SCREENING,
)
