"""Words of many languages whose full stop does not end a sentence, and words that begin one.

Punkt learns the abbreviations of a large corpus. These tables serve small corpora, and corpora in which a
language is rare. They leave out abbreviations that are common words of another language in the tables ("am",
"die", "art").
"""

from __future__ import annotations


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


_ABBREVIATIONS = """
mr mrs ms mx messrs mme mlle dr prof st sr jr rev revd hon esq gen col capt cpt lt sgt maj brig cmdr adm gov
sen rep pres supt insp e.g i.e cf viz vs etc al ibid op seq figs eq eqs nos vol vols pp ch chs ed eds approx
dept univ assn inc co ltd corp bros jan feb apr aug sept oct nov dec ave blvd mt ft u.s u.k u.n e.u u.s.a a.m
p.m ph.d m.d b.a m.a d.c b.c a.d n.y abb abs allg mio tsd bd bde bes betr bez bzgl bzw ca d.h d.i dipl dr.-ing
evtl exkl fa ggf ggü hr hrsg i.a i.d.r inkl inh jh kfm lt max mio mrd nr o.a o.g rd s.o s.u sog str tel u.a
u.u u.v.m usf usw v.a v.chr n.chr verf vgl z.b z.t z.zt zzgl mm mmes mlles mgr env p.ex av apr.j.-c av.j.-c
c.-à-d éd édit hab tél chap boul sra srta sres dra d.ª dña ud uds vd vds ee uu ee.uu pág págs p.ej núm cía
admón avda izq dcha sig sigg sig.ra dott dott.ssa avv ing geom ecc pag pagg n.b s.p.a p.es cfr exmo exma sres
eng núm págs av.ª dhr mevr mw drs bijv bv b.v o.a d.w.z d.m.v enz blz m.b.t i.v.m t.a.v t.o.v resp t.ex t.o.m
bl.a m.fl m.m o.s.v osv s.k kl ang bl f.eks fx m.v mht pga mfl evt esim ym yms jne eaa klo puh ts np m.in tzw
tj tzn itd itp ul godz prof dr hab inż mgr ok zob wg woj pn por např tzv atd apod tř hod str mil mld ing mudr
judr phdr popř resp č pl stb ill kb ún vö ifj özv dl dna d-na d-l ș.a ş.a jud vb vd vs örn doç bkz yy cad sok
apt yrd alb bşk т.е т.к т.д т.п т.н и.о г гг в вв г-н г-жа др проф акад им ул просп пер см ср напр руб коп тыс
млн млрд стр рис табл гл обл р-н доц инж чел тел род ум прибл вж напр бр гр м.г р н.э т.ін т.зв рр ін див κ κα
κκ π.χ δηλ κ.λπ κλπ κτλ κ.ά βλ σελ αρ π.μ μ.μ μ.χ λ.χ τηλ χιλ εκ δρ डॉ प्रो श्री पं कु डा ডা ডঃ মো প্রফ திரு
டாக்டர் ดร ศ พ.ศ ค.ศ ก.ม น म.प्र
"""
ABBREVIATIONS = _words(_ABBREVIATIONS)
"""Lower-case abbreviations without their last full stop."""

NEVER_LAST = _words(
    """
    mr mrs ms mx messrs mme mmes mlle mlles mm dr prof st rev revd hon gen col capt cpt lt sgt maj brig cmdr
    adm gov sen rep pres supt insp e.g i.e cf viz vs dipl hr fr vgl z.b d.h sog bzw sra srta dra dña sig sigg
    dott dott.ssa avv ing geom exmo exma dhr mevr mw drs bijv t.ex bl.a f.eks esim np tzw tzn zob ul mgr inż
    např tzv mudr judr doç örn ee bkz cfr mio mrd tsd mln mld млн млрд тыс г-н г-жа проф акад им ул см ср напр
    вж див т.е т.н π.χ δηλ βλ डॉ प्रो श्री पं ดร
    """
)
"""Abbreviations that always stand before the word they belong to."""

WORDS = _words("hon sen gen rep col rev op maj brig fa hab pl max mar des dem pan sig mil")
"""Abbreviations that, in small letters, are words of another language: "hon" is Swedish for "she"."""

UNITS = _words("h hod hr min sek sec kg g km m cm mm kr uhr руб грн коп год ч лв")
"""Lower-case units of measurement, which may be the last word of a sentence ("at 10 h.")."""

REFERENCES = _words(
    """
    no n° nos nr nrs thm lem def defn prop cor alg reg sch lit subsec jan feb mär apr jun jul aug sep sept okt
    oct nov dez dec mad num núm núms n nn fig figs abb tab tabs tbl table sec secs sect sects § art arts p pp
    s ss ff vol vols v vv ch chs chap chaps cap caps kap bd bde ed eq eqs eqn ex exs ref refs pt pts pl l ll
    cl app appx anm anh anl par paras para op lfd rn rz rdnr ziff abs hs bl z t tt bk bl kl folio fol ms pág
    págs pag pagg tav lám lam ill hfst afb blz bijl avd kpt sid zał rys str ust poz pkt obr č čl odst sz old
    ábra md sy bkz hlm hal gbr bab pasal ps verse st д кв корп стр с рис табл гл ст п пп ч т тт №№ мал кн изд
    нр чл σελ αρ κεφ εικ πιν παρ τόμ αριθ ayat
    """
)
"""Lower-case words that refer to something with a full stop and a number: "No. 5", "p. 12", "S. 3"."""

MONTHS = _words(
    """
    januar jänner januari januára februar feber februari märz marts mars maart april mai maj mei juni juli
    august augusti augustus september oktober november dezember december desember dezember jan feb mär apr jun
    jul aug sep sept okt nov dez dec tammikuuta helmikuuta január február március április május június július
    augusztus szeptember október
    """
)
"""Lower-case names of months in languages that write days as ordinals ("3. Mai")."""

BEFORE_ORDINALS = _words(
    "am im der dem das des vom zum zur beim ins einen einem eines jeden jeder jedes den die dieses ihr sein"
)
"""German words before an ordinal number."""

AFTER_ORDINALS = _words(
    """
    jahrhundert jahrhunderts jahrhunderte jh jahrtausend jahrtausends jahrestag geburtstag weltkrieg
    weltkriegs weltkrieges auflage platz rang runde lebensjahr stock stockwerk etage klasse schuljahr semester
    liga bezirk kapitel spieltag mal minute stunde woche monat quartal halbjahr grad stelle reihe band akt
    szene satz sinfonie symphonie internationale internationalen kongress tagung sitzung versammlung bundestag
    wahlperiode armee division regiment
    """
)
"""Lower-case German nouns that an ordinal number goes before."""

LABELS = _words(
    """
    step chapter part section rule example note question figure table article act scene lesson item exercise
    appendix schritt kapitel teil abschnitt regel beispiel frage artikel paragraph chapitre partie étape
    exemple article question paso capítulo parte ejemplo capitolo passo hoofdstuk stap deel kapitel steg krok
    rozdział глава часть шаг пункт
    """
)
"""Lower-case words that number what follows at the beginning of a line: "Step 1. …"."""

STARTERS = _words(
    """
    the this that these those there then he she it they we you his her their our its my but and so if when
    while after before although because however in on at by for with from as to what why who how where i no
    yes not der das dies diese dieser er sie es wir ihr aber und wenn als nach seit bei mit im am auf heute
    dann doch le la les un une il elle ils elles nous vous ce cette ces mais et si dans en pour avec après
    puis el los las ella ellos pero cuando después con lo gli ma se quando dopo os as ela mas het een zij
    wij maar och men han hon det vi på i on ona oni to ale gdy po na jest он она оно они мы вы это но и а
    если когда после в на потом тогда не він вона воно вони ми це та але ο η το οι αυτός αυτή αλλά και αν όταν
    μετά
    """
)
"""Lower-case function words with which sentences begin, also behind an abbreviation ("at 9 a.m. The …")."""

PARTICLES = _words("la le les los las el lo il der das un en os as se si ma na po to on i")
"""Starters that are also parts of names ("F. La Roche") or too short to tell."""

VOWELS = frozenset("aeiouyäöüáéíóúàèìòùâêîôûãõåæøœëïÿýăąęėěůűőıаеёиоуыэюяіїєαεηιουωάέήίόύώ")
"""Lower-case vowels of Latin, Cyrillic and Greek: a word without one is an abbreviation."""

NAMES_WITH_MARKS = _words("yahoo yum jeopardy kahoot joomla wham panic airplane oklahoma oliver ahoy guess")
"""Last words of names that end with an exclamation or a question mark: "Yahoo!", "Jeopardy!", "Guess?"."""
