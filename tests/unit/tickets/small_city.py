"""The files of a city of one street."""

SMALL = {
    "city.toml": 'name = "小城"\nscheme = "small"\nversion = "1"\n',
    "areas.csv": "code,kind,name\nA01,street,东街\nA01-01,cell,东街一格\n",
    "units.csv": "code,kind,name,name_en,area,trades\n"
    "water,service,水厂,Water,,\nstreet-01,street,东街办,East,A01,\n",
    "contacts.csv": "unit,name,duty,phone,email\nwater,王明,值班,00001001,w@city.example\n",
    "matters.csv": "code,name,name_en,service_class\n01,供水,Water,\n0101,爆管,Burst,complaint\n",
    "dispatch.csv": "rule,matter,area,unit,co_units,deadline_class\n"
    "r1,01,*,water,@township,repair\n",
    "services.csv": "code,name,name_en,number,note\nambulance,急救,Ambulance,120,\n",
}
