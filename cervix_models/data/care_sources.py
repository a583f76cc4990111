"""The sources of the care page, and what of each was read when its sentences were checked.

The order is that of their numbers on the page.
"""

from __future__ import annotations

from cervix_models.data.care import Source
from cervix_models.language import later

_COPY = later("A stored copy of the page was read.")
_ABSTRACT = later("Its abstract was read.")

SOURCES: dict[str, Source] = {
    "rules": Source(
        "Rules of safety of this project, with the Bethesda context of each class",
        2026,
        "docs/safety.md",
        later("Given to the project with its task; the table is repeated as it stands."),
    ),
    "sipakmed": Source(
        "Plissiti et al., SIPaKMeD, IEEE International Conference on Image Processing",
        2018,
        "doi.org/10.1109/ICIP.2018.8451588",
        later("The groups of its classes were taken from the data set’s documents."),
    ),
    "bethesda": Source(
        "Nayar and Wilbur (editors), The Bethesda System for Reporting Cervical Cytology, 3rd "
        "edition (Bethesda 2014)",
        2015,
        "doi.org/10.1007/978-3-319-11074-5",
        later("Its outline and the beginning of its chapter on atypical squamous cells were read."),
    ),
    "merck": Source(
        "Merck Manual, Professional Version: Bethesda Classification of Cervical Cytology",
        2023,
        "merckmanuals.com/en-ca/professional/multimedia/table/"
        "bethesda-classification-of-cervical-cytology",
        _COPY,
    ),
    "unmc": Source(
        "University of Nebraska Medical Center, teaching case on low-grade lesions, with the "
        "criteria of the Bethesda atlas",
        None,
        "unmc.mscope.net, case 5727",
        _COPY,
    ),
    "bccancer": Source(
        "BC Cancer, CytoSleuth quiz, gynecologic cytology, case 7",
        None,
        "bccancer.bc.ca/health-professionals/education-development/cytosleuth-quiz/"
        "gynecologic-cytology/case-7",
        _COPY,
    ),
    "keratinised": Source(
        "Cytologic correlates of benign versus dysplastic abnormal keratinization, Diagnostic "
        "Cytopathology 17:447-451",
        1997,
        "researchgate.net/publication/13823440",
        _ABSTRACT,
    ),
    "zahn": Source(
        "Zahn et al., The significance of hyperkeratosis/parakeratosis on otherwise normal "
        "Papanicolaou smears, American Journal of Obstetrics and Gynecology 187:997-1001",
        2002,
        "doi.org/10.1067/mob.2002.126640",
        _ABSTRACT,
    ),
    "asccp": Source(
        "Perkins, Guido et al., 2019 ASCCP Risk-Based Management Consensus Guidelines, Journal of "
        "Lower Genital Tract Disease 24:102-131",
        2020,
        "guidelinecentral.com/guideline/41167",
        later("A stored copy of its recommendations, as Guideline Central lists them, was read."),
    ),
    "cdc": Source(
        "Centers for Disease Control and Prevention, STI Treatment Guidelines, table 2",
        2021,
        "cdc.gov/std/treatment-guidelines/table-2.htm",
        _COPY,
    ),
    "who_screening": Source(
        "World Health Organization, Guideline for screening and treatment of cervical pre-cancer "
        "lesions for cervical cancer prevention, 2nd edition",
        2021,
        "ncbi.nlm.nih.gov/books/NBK572314",
        later("A stored copy of its executive summary and introduction was read."),
    ),
    "who_interval": Source(
        "HIV literacy hub on cervical cancer, repeating the advice of WHO",
        None,
        "hivspn.org/health-literacy-hub/"
        "advancing-cancer-awareness-and-diagnostics-access-for-women-with-hiv",
        _COPY,
    ),
    "botswana": Source(
        "Support for Lowering Cervical Cancer Screening Age to 25 for Women Living With HIV: "
        "Retrospective Cross-Sectional Programmatic Data From Botswana",
        2021,
        "epidemiologicalrecord.blogspot.com/2021/09/support-for-lowering-cervical-cancer.html",
        _ABSTRACT,
    ),
    "who_vaccine": Source(
        "World Health Organization, Human papillomavirus vaccines: WHO position paper, December "
        "2022, Weekly Epidemiological Record 97:645-672",
        2022,
        "who.int/publications/i/item/who-wer9750-645-672",
        later("Stored copies of WHO’s own summary and of two others that quote it were read."),
    ),
    "jhpiego": Source("Jhpiego, page on cervical cancer", None, "jhpiego.org/?p=21463", _COPY),
    "seed": Source(
        "Optimizing Cervical Cancer Diagnosis: Image Classification and GenAI, the students’ "
        "project that this one grew from, section “Treatment Approaches”",
        2024,
        later("given with the task"),
        later("The whole document was read."),
    ),
}
