"""Prevention in plain language: vaccination against HPV, and screening."""

from __future__ import annotations

from cervix_models.data.care import said
from cervix_models.language import later

VACCINATION = (
    said(
        later(
            "Human papillomavirus (HPV) is spread by intimate contact. Most infections cause no "
            "symptoms and clear by themselves within one to two years."
        ),
        "who_vaccine",
    ),
    said(
        later(
            "An infection with a high-risk type that lasts can lead to changes of the cervix that, "
            "if they are not treated, may become cancer."
        ),
        "who_vaccine",
    ),
    said(
        later(
            "Two types, HPV 16 and HPV 18, are behind about 71 % of cervical cancers; all licensed "
            "vaccines are highly effective against infection with these two."
        ),
        "who_vaccine",
    ),
    said(later("Girls of 9 to 14 years: one or two doses."), "who_vaccine"),
    said(later("Girls and women of 15 to 20 years: one or two doses."), "who_vaccine"),
    said(later("Women older than 21: two doses, six months apart."), "who_vaccine"),
    said(
        later(
            "People whose immune system is weak, or who live with HIV: at least two doses, and "
            "three where that is feasible."
        ),
        "who_vaccine",
    ),
    said(
        later(
            "The single dose goes beyond what the vaccines are licensed for (“off-label”); WHO "
            "finds its protection comparable to that of two doses."
        ),
        "who_vaccine",
    ),
    said(later("The vaccine does not treat an infection that is already there."), "jhpiego"),
    said(
        later("Those who are vaccinated still need screening."),
        "who_interval",
    ),
)

SCREENING = (
    said(
        later(
            "WHO recommends to begin with a test for HPV DNA, rather than with a Pap smear or with "
            "looking after acetic acid."
        ),
        "who_screening",
    ),
    said(
        later("Programmes with good Pap smears go on with them until HPV testing is in operation."),
        "who_screening",
    ),
    said(
        later("By an HPV test, women are screened every 5 to 10 years from 30 years on."),
        "who_interval",
    ),
    said(
        later(
            "Women living with HIV: from 25 years on, a conditional recommendation on evidence of "
            "low certainty."
        ),
        "botswana",
    ),
    said(
        later(
            "After a positive test, a woman is treated at once, or first has a second test: the "
            "type of HPV, colposcopy, acetic acid or a smear."
        ),
        "who_screening",
    ),
    said(
        later("For women living with HIV, WHO suggests a second test before treatment."),
        "who_screening",
    ),
    said(
        later(
            "WHO’s goals for 2030: 90 % of girls vaccinated by 15, 70 % of women screened by 35 "
            "and again by 45, and 90 % of those with disease treated."
        ),
        "who_screening",
    ),
)
